"""An evaluator that puts every image's result on disk as soon as it is known."""

import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import cv2
import numpy as np
import torch
from mmengine.evaluator import Evaluator

from mmcabl.evaluation.segmentation_view import forensic_view
from mmcabl.evaluation.sharded_metric import Key, PerImageMetric, Result, key_of
from mmcabl.results.store import Record, ResultStore, rows_of


class RecordingEvaluator(Evaluator):
    """mmengine's evaluator, with a :class:`ResultStore`.

    What the metrics measured on an image, its prompts and the name of its saved mask become one record. Records of
    an earlier, interrupted run are given back to the metrics by :meth:`restore`.

    Args:
        metrics: of the configuration; those that are a ``PerImageMetric`` are recorded.
        store: gets the records.
        mask_dir: gets the final masks as PNG, 255 is manipulated; None: masks are not saved.
    """

    def __init__(self, metrics: Sequence[PerImageMetric], store: ResultStore,
                 mask_dir: Optional[Path] = None) -> None:
        super().__init__(list(metrics))
        self.store, self.mask_dir = store, mask_dir
        self.recorded = [m for m in self.metrics if isinstance(m, PerImageMetric)]

    def process(self, data_samples: Sequence[Any], data_batch: Optional[Any] = None) -> None:
        """Measure a batch as usual, then record it."""
        super().process(data_samples=data_samples, data_batch=data_batch)
        count = len(data_samples)
        for offset, sample in enumerate(data_samples):
            found: List[Result] = [m.results[len(m.results) - count + offset] for m in self.recorded]
            self.store.append(self._record(forensic_view(sample.to_dict()), found))

    def restore(self, records: Dict[Key, Record]) -> None:
        """Give the metrics the records of an earlier run."""
        for metric in self.recorded:
            metric.results.extend(Result(*row) for row in rows_of(records, type(metric).__name__))

    def _record(self, sample: Any, found: List[Result]) -> Record:
        name, index, path = key_of(sample)
        unreadable = bool(sample.get('unreadable', False))
        record = dict(dataset=name, index=index, image=path, unreadable=unreadable,
                      metrics={type(m).__name__: r.row for m, r in zip(self.recorded, found)})
        if unreadable:
            return record
        for field, key, kind in (('label', 'gt_label', int), ('score', 'pred_score', float)):
            if sample.get(key) is not None:
                record[field] = kind(torch.as_tensor(sample[key]).flatten()[-1])
        if sample.get('prompts') is not None:
            record['prompts'] = sample['prompts']
        if self.mask_dir is not None and sample.get('pred_mask') is not None:
            record['mask'] = self._save(sample['pred_mask'], name, index, path)
        return record

    def _save(self, mask: Any, name: str, index: int, path: str) -> str:
        """Write a mask; its file is there as a whole before the record that names it."""
        # the index tells images of one name apart
        target = self.mask_dir / name / f'{index:06d}_{Path(path).stem}.png'
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f'.{os.getpid()}.png')
        mask = np.asarray(mask.cpu() if hasattr(mask, 'cpu') else mask)
        if not cv2.imwrite(str(part), mask.astype(np.uint8) * 255):
            raise OSError(f'The mask {target} cannot be written.')
        os.replace(part, target)
        return str(target.relative_to(self.mask_dir.parent))
