"""An evaluator that puts every image's result on disk as soon as it is known."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence

from mmengine.evaluator import Evaluator

from mmcabl.evaluation.per_image_metric import PerImageMetric, Result
from mmcabl.records.fields import base_record
from mmcabl.records.journal import Record
from mmcabl.records.store import ResultStore, rows_of
from mmcabl.structures import ForensicSample, Key, forensic_sample
from mmcabl.utils.failures import Failures, ImageFailed, one_line
from mmcabl.utils.files import write_mask
from mmcabl.utils.names import file_name, folder_name, to_text


class RecordingEvaluator(Evaluator):
    """mmengine's evaluator, which records what it measures while a :class:`ResultStore` is open.

    What the metrics measured on an image, its prompts and the name of its saved mask become one record. Records of
    an earlier, interrupted run are given back to the metrics by :meth:`restore`.

    A sample that has ``failed`` counts in no metric, as an unreadable one; so does one whose mask cannot be made a
    picture.

    Args:
        metrics: of the configuration; those that are a ``PerImageMetric`` are recorded.
    """

    store: Optional[ResultStore] = None
    mask_dir: Optional[Path] = None

    def __init__(self, metrics: Sequence[PerImageMetric]) -> None:
        super().__init__(list(metrics))
        self.failures = Failures()

    @property
    def recorded(self) -> List[PerImageMetric]:
        """The metrics whose results become records."""
        return [metric for metric in self.metrics if isinstance(metric, PerImageMetric)]

    @contextmanager
    def recording(self, store: ResultStore, mask_dir: Optional[Path] = None,
                  failures: Optional[Failures] = None) -> Iterator[None]:
        """Inside, results go to a store, which is closed at the end.

        Args:
            store: gets the records.
            mask_dir: gets the final masks as ``<data set>/<index>_<stem>-<digits of the path>.png``, 255 is
                manipulated, on the pixel grid of the stored file whatever its EXIF orientation; None: none are saved.
            failures: counts the images that fail.
        """
        before = self.failures
        self.store, self.mask_dir, self.failures = store, mask_dir, failures or before
        try:
            yield
        finally:
            self.store, self.mask_dir, self.failures = None, None, before
            store.close()

    def process(self, data_samples: Sequence[Any], data_batch: Optional[Any] = None) -> None:
        """Save a batch's masks, measure it as usual, then record it: what a record names is there."""
        dicts = [sample if isinstance(sample, dict) else sample.to_dict() for sample in data_samples]
        samples = [forensic_sample(each) for each in dicts]
        masks = [self._mask(sample) for sample in samples]
        for metric in self.metrics:
            known = dicts if metric in self.recorded else [d for d, s in zip(dicts, samples) if not s.failed]
            if known:
                metric.process(data_batch, known)
        if self.store is None:
            return
        count = len(samples)
        for offset, (sample, mask) in enumerate(zip(samples, masks)):
            found: List[Result] = [m.results[len(m.results) - count + offset] for m in self.recorded]
            self.store.append(self._record(sample, found, mask))

    def restore(self, records: Dict[Key, Record]) -> None:
        """Give the metrics the records of an earlier run."""
        for metric in self.recorded:
            metric.results.extend(Result(*row) for row in rows_of(records, type(metric).__name__))

    def _record(self, sample: ForensicSample, found: List[Result], mask: Optional[str]) -> Record:
        name, index, path = sample.key()
        base = base_record(index, path, sample.unreadable and not sample.failed, bool(sample.failed))
        record = dict(dataset=name, **base, reason=one_line(sample.failed or sample.reason) or None, metrics={
            type(m).__name__: r.row for m, r in zip(self.recorded, found)})
        if not sample.usable:
            return record
        known = dict(label=sample.label, score=sample.score, prompts=sample.prompts, mask=mask,
                     orientation=None if sample.orientation == 1 else sample.orientation,
                     note=one_line(sample.note) or None)
        return {**record, **{key: value for key, value in known.items() if value is not None}}

    def _mask(self, sample: ForensicSample) -> Optional[str]:
        """Write a sample's mask; returns its path below the store's folder. Marks the sample if it cannot be one."""
        if self.mask_dir is None or not sample.usable or sample.mask is None:
            return None
        name, index, path = sample.key()
        target = self.mask_dir / folder_name(name) / f'{file_name(path, f"{index:06d}")}.png'
        try:
            self.failures.attempt(write_mask, target, sample.mask)
        except ImageFailed as error:
            self.failures.note(to_text(path), str(error))
            sample.failed = str(error)
            return None
        return target.relative_to(self.mask_dir.parent).as_posix()
