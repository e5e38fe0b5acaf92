"""A metric whose per-image results survive any way of sharding the data set."""

from itertools import chain
from typing import Any, Dict, List, Optional, Sequence

from mmengine.dist import all_gather_object, broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log


class PerImageMetric(BaseMetric):
    """Base class: ``measure`` one image at a time, ``summarize`` all of them once.

    mmengine joins the ranks' results by interleaving and cutting off at the data set's size, which is
    right for its default sampler alone. Here each result carries its sample's index and path: whatever
    the sampler, an image counts once, and the order is that of the data set.

    Only numbers are kept for each image, so memory does not depend on image sizes.
    """

    def measure(self, sample: Dict[str, Any]) -> Optional[dict]:
        """Numbers of one predicted sample (a data sample as a dict); None to leave it out."""
        raise NotImplementedError

    def summarize(self, rows: List[dict]) -> Dict[str, float]:
        """The metric from the rows of all images."""
        raise NotImplementedError

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Measure a batch, as the evaluator hands it over."""
        for sample in data_samples:
            key = (sample.get('sample_idx', ('', len(self.results))), str(sample.get('img_path', '')))
            broken = bool(sample.get('unreadable', False))
            self.results.append((key, broken, None if broken else self.measure(sample)))

    def evaluate(self, size: int) -> Dict[str, float]:
        """Join the ranks' results, each image once, and summarize on every rank alike."""
        unique = {}
        for rank, part in enumerate(all_gather_object(self.results)):
            for (index, path), broken, row in part:
                index = (rank, index[1]) if isinstance(index, tuple) else (-1, index)
                unique[(*index, path)] = (broken, row)
        self.results.clear()
        metrics = [None]
        if is_main_process():
            ordered = [unique[key] for key in sorted(unique)]
            unreadable = sum(broken for broken, _ in ordered)
            if unreadable:
                print_log(f'{type(self).__name__}: {unreadable} of {len(ordered)} images could not be read and '
                          'are left out.', logger='current', level=30)
            found = self.compute_metrics([row for _, row in ordered if row is not None])
            metrics = [{f'{self.prefix}/{k}' if self.prefix else k: v for k, v in found.items()}]
        broadcast_object_list(metrics)
        return metrics[0]

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """mmengine's name for :meth:`summarize`."""
        return self.summarize(results)


def mean_of(rows: Sequence[dict], key: str) -> float:
    """Mean of one number over the rows that have it; NaN if none has."""
    values = [row[key] for row in rows if key in row]
    return float(sum(values) / len(values)) if values else float('nan')


def keys_of(rows: Sequence[dict]) -> List[str]:
    """Every key that occurs, in the order of first occurrence."""
    return list(dict.fromkeys(chain.from_iterable(rows)))
