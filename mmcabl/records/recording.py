from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import Evaluator

from mmcabl.evaluation.per_image_metric import PerImageMetric, Result
from mmcabl.records.fields import base_record
from mmcabl.records.journal import Record
from mmcabl.records.store import ResultStore, rows_of
from mmcabl.structures import ForensicSample, Key, forensic_sample
from mmcabl.utils.failures import Failures, ImageFailed, one_line
from mmcabl.utils.files import write_mask
from mmcabl.utils.names import file_name, folder_name, to_text
from mmcabl.utils.soft_maps import checked_bits, write_map


class RecordingEvaluator(Evaluator):
    """mmengine's evaluator, which puts every image's result on disk as soon as it is known.

    What the metrics measured on an image, its prompts and the name of its saved mask become one record. A sample that
    has ``failed`` counts in no metric, as an unreadable one; so does one whose mask cannot be made a picture.

    Args:
        metrics: of the configuration; those that are a ``PerImageMetric`` are recorded.
    """

    store: Optional[ResultStore] = None
    mask_dir: Optional[Path] = None
    #: Of the soft maps that are kept beside the masks; 0: none are.
    map_bits: int = 0

    def __init__(self, metrics: Sequence[PerImageMetric]) -> None:
        super().__init__(list(metrics))
        self.failures = Failures()

    @property
    def recorded(self) -> List[PerImageMetric]:
        """The metrics whose results become records."""
        return [metric for metric in self.metrics if isinstance(metric, PerImageMetric)]

    @contextmanager
    def recording(self, store: ResultStore, mask_dir: Optional[Path] = None,
                  failures: Optional[Failures] = None, map_bits: int = 0) -> Iterator[None]:
        """Inside, records go to a store, which is closed at the end, and ``failures`` counts images that fail.

        ``mask_dir`` gets the final masks as ``<data set>/<index>_<stem>-<digits of the path>.png``, 255 is
        manipulated, on the pixel grid of the stored file whatever its EXIF orientation; None: none are saved. With
        ``map_bits`` of 8 or 16, ``maps`` beside it gets the soft maps under the same names.
        """
        before = self.failures
        self.store, self.mask_dir, self.failures = store, mask_dir, failures or before
        self.map_bits = checked_bits(map_bits)
        try:
            yield
        finally:
            self.store, self.mask_dir, self.failures, self.map_bits = None, None, before, 0
            store.close()

    def process(self, data_samples: Sequence[Any], data_batch: Optional[Any] = None) -> None:
        """Save a batch's masks, measure it as usual, then record it: what a record names is there."""
        dicts = [sample if isinstance(sample, dict) else sample.to_dict() for sample in data_samples]
        samples = [forensic_sample(each) for each in dicts]
        pictures = [self._pictures(sample) for sample in samples]
        for metric in self.metrics:
            known = dicts if metric in self.recorded else [d for d, s in zip(dicts, samples) if not s.failed]
            if known:
                metric.process(data_batch, known)
        if self.store is None:
            return
        count = len(samples)
        for offset, (sample, made) in enumerate(zip(samples, pictures)):
            found: List[Result] = [m.results[len(m.results) - count + offset] for m in self.recorded]
            self.store.append(self._record(sample, found, made))

    def restore(self, records: Dict[Key, Record]) -> None:
        """Give the metrics the records of an earlier run."""
        for metric in self.recorded:
            metric.results.extend(Result(*row) for row in rows_of(records, type(metric).__name__))

    def _record(self, sample: ForensicSample, found: List[Result], made: Dict[str, str]) -> Record:
        name, index, path = sample.key()
        base = base_record(index, path, sample.unreadable and not sample.failed, bool(sample.failed))
        record = dict(dataset=name, **base, reason=one_line(sample.failed or sample.reason) or None, metrics={
            type(m).__name__: r.row for m, r in zip(self.recorded, found)})
        if not sample.usable:
            return record
        known = dict(label=sample.label, score=sample.score, prompts=sample.prompts, **made,
                     orientation=None if sample.orientation == 1 else sample.orientation,
                     note=one_line(sample.note) or None)
        return {**record, **{key: value for key, value in known.items() if value is not None}}

    def _pictures(self, sample: ForensicSample) -> Dict[str, str]:
        """Write a sample's mask and map; their paths below the store's folder. Marks a sample that fails."""
        if self.mask_dir is None or not sample.usable:
            return {}
        name, index, path = sample.key()
        inside, top = Path(folder_name(name), f'{file_name(path, f"{index:06d}")}.png'), self.mask_dir.parent
        made: Dict[str, str] = {}
        try:
            if sample.mask is not None:
                self.failures.attempt(write_mask, self.mask_dir / inside, sample.mask)
                made['mask'] = (self.mask_dir / inside).relative_to(top).as_posix()
            if self.map_bits and sample.cam is not None:
                self.failures.attempt(write_map, top / 'maps' / inside, np.clip(sample.cam, 0, 1), self.map_bits)
                made['map'] = Path('maps', inside).as_posix()
        except ImageFailed as error:
            self.failures.note(to_text(path), str(error))
            sample.failed = str(error)
            return {}
        return made
