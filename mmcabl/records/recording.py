"""An evaluator that puts every image's result on disk as soon as it is known."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from mmengine.evaluator import Evaluator

from mmcabl.evaluation.per_image_metric import Key, PerImageMetric, Result, key_of
from mmcabl.records.journal import Record
from mmcabl.records.store import ResultStore, rows_of
from mmcabl.structures.segmentation_view import forensic_view
from mmcabl.utils.failures import Failures, ImageFailed, one_line
from mmcabl.utils.files import write_png
from mmcabl.utils.names import file_name, folder_name, to_text


class RecordingEvaluator(Evaluator):
    """mmengine's evaluator, with a :class:`ResultStore`.

    What the metrics measured on an image, its prompts and the name of its saved mask become one record. Records of
    an earlier, interrupted run are given back to the metrics by :meth:`restore`.

    A sample that has ``failed`` (the reason) counts in no metric, as an unreadable one; so does one whose mask cannot
    be made a picture.

    Args:
        metrics: of the configuration; those that are a ``PerImageMetric`` are recorded.
        store: gets the records.
        mask_dir: gets the final masks as ``<data set>/<index>_<stem>-<digits of the path>.png``, 255 is manipulated,
            on the pixel grid of the stored file whatever its EXIF orientation; None: masks are not saved.
        failures: counts the images that fail.
    """

    def __init__(self, metrics: Sequence[PerImageMetric], store: ResultStore, mask_dir: Optional[Path] = None,
                 failures: Optional[Failures] = None) -> None:
        super().__init__(list(metrics))
        self.store, self.mask_dir, self.failures = store, mask_dir, failures or Failures()
        self.recorded = [m for m in self.metrics if isinstance(m, PerImageMetric)]

    def process(self, data_samples: Sequence[Any], data_batch: Optional[Any] = None) -> None:
        """Save a batch's masks, measure it as usual, then record it: what a record names is there."""
        samples = [sample if isinstance(sample, dict) else sample.to_dict() for sample in data_samples]
        masks = [self._mask(sample) for sample in samples]
        for metric in self.metrics:
            known = samples if metric in self.recorded else [s for s in samples if not s.get('failed')]
            if known:
                metric.process(data_batch, known)
        count = len(samples)
        for offset, (sample, mask) in enumerate(zip(samples, masks)):
            found: List[Result] = [m.results[len(m.results) - count + offset] for m in self.recorded]
            self.store.append(self._record(forensic_view(sample), found, mask))

    def restore(self, records: Dict[Key, Record]) -> None:
        """Give the metrics the records of an earlier run."""
        for metric in self.recorded:
            metric.results.extend(Result(*row) for row in rows_of(records, type(metric).__name__))

    def _record(self, sample: Any, found: List[Result], mask: Optional[str]) -> Record:
        name, index, path = key_of(sample)
        failed, unreadable = bool(sample.get('failed')), bool(sample.get('unreadable', False))
        record = dict(dataset=name, index=index, image=to_text(path), unreadable=unreadable and not failed,
                      failed=failed, reason=one_line(str(sample.get('failed') or sample.get('reason') or '')) or None,
                      metrics={type(m).__name__: r.row for m, r in zip(self.recorded, found)})
        if unreadable:
            return record
        for field, key, kind in (('label', 'gt_label', int), ('score', 'pred_score', float)):
            if sample.get(key) is not None:
                record[field] = kind(torch.as_tensor(sample[key]).flatten()[-1])
        if sample.get('prompts') is not None:
            record['prompts'] = sample['prompts']
        if mask is not None:
            record['mask'] = mask
        if sample.get('orientation', 1) != 1:
            record['orientation'] = int(sample['orientation'])
        return record

    def _mask(self, sample: dict) -> Optional[str]:
        """Write a sample's mask; returns its path below the store's folder. Marks the sample if it cannot be one."""
        if self.mask_dir is None or sample.get('unreadable') or sample.get('failed'):
            return None
        mask = forensic_view(sample).get('pred_mask')
        if mask is None:
            return None
        name, index, path = key_of(sample)
        target = self.mask_dir / folder_name(name) / f'{file_name(path, f"{index:06d}")}.png'
        try:
            self.failures.attempt(save_mask, target, mask)
        except ImageFailed as error:
            self.failures.note(to_text(path), str(error))
            sample.update(unreadable=True, failed=str(error))
            return None
        return target.relative_to(self.mask_dir.parent).as_posix()


def save_mask(target: Path, mask: Any) -> None:
    """Write a mask (H, W) bool as a PNG that is there as a whole or not at all, 255 is manipulated."""
    mask = np.asarray(mask.cpu() if hasattr(mask, 'cpu') else mask)
    write_png(target, mask.astype(np.uint8) * 255)
