from itertools import chain
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from mmengine.dist import all_gather_object, broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmcabl.structures import ForensicSample, Key, forensic_sample
from mmcabl.utils.data_configs import AVERAGE, is_saved_again

#: Numbers that are counts or settings; the mean over data sets leaves them out.
NOT_AVERAGED = ('images', 'manipulated', 'masks', 'threshold')


class Result(NamedTuple):
    """What one metric says of one image; ``row`` is None where the metric leaves the image out."""

    key: Key
    unreadable: bool
    row: Optional[dict]


class PerImageMetric(BaseMetric):
    """Base class: ``measure`` one image at a time, ``summarize`` all images of a data set once.

    mmengine joins the ranks' results by interleaving and cutting off at the data set's size, which is
    right for its default sampler alone. Here each result carries its sample's index and path: whatever
    the sampler, an image counts once, and the order is that of the data set.

    Where samples come from several data sets (``dataset_name``), each number is reported for each of them
    as ``<name>/<number>``, and as ``average/<number>``, the mean over data sets (Table I's)
    but those that are another one saved again, ``<name>-q90``.

    Only numbers are kept for each image, so memory does not depend on image sizes.
    """

    default_prefix = ''  # none, on purpose: mmengine warns about None

    def measure(self, sample: ForensicSample) -> Optional[dict]:
        """Numbers of one predicted image; None to leave it out."""
        raise NotImplementedError

    def summarize(self, rows: List[dict]) -> Dict[str, float]:
        """The metric from the rows of all images of one data set."""
        raise NotImplementedError

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Measure a batch, as the evaluator hands it over."""
        for sample in map(forensic_sample, data_samples):
            row = self.measure(sample) if sample.usable else None
            self.results.append(Result(sample.key(default=-1 - len(self.results)), not sample.usable, row))

    def evaluate(self, size: int) -> Dict[str, float]:
        """Join the ranks' results, each image once, and summarize on every rank alike."""
        unique = {}
        for rank, part in enumerate(all_gather_object(self.results)):
            for result in part:
                # an image without an index counts as often as it was seen
                unique[(result.key, rank if result.key[1] < 0 else -1)] = result
        self.results.clear()
        metrics: List[Dict[str, float]] = [{}]
        if is_main_process():
            found = self.compute_metrics([unique[key] for key in sorted(unique)])
            metrics = [{f'{self.prefix}/{k}' if self.prefix else k: v for k, v in found.items()}]
        broadcast_object_list(metrics)
        return metrics[0]

    def compute_metrics(self, results: List[Result]) -> Dict[str, float]:
        """Summaries of one or several data sets from the results of all images."""
        unreadable = sum(result.unreadable for result in results)
        if unreadable:
            print_log(f'{type(self).__name__}: {unreadable} of {len(results)} images could not be read and '
                      'are left out.', logger='current', level=30)
        parts: Dict[str, List[dict]] = {}
        for key, _, row in results:
            rows = parts.setdefault(key[0], [])
            if row is not None:
                rows.append(row)
        found = {name: self.summarize(rows) for name, rows in (parts or {'': []}).items()}
        if len(found) == 1:
            return next(iter(found.values()))
        counted = [numbers for name, numbers in found.items() if not is_saved_again(name)] or list(found.values())
        found[AVERAGE] = {key: mean_of(counted, key) for key in keys_of(counted) if key not in NOT_AVERAGED}
        return {f'{name}/{key}': value for name, numbers in found.items() for key, value in numbers.items()}


def mean_of(rows: Sequence[dict], key: str) -> float:
    """Mean of one number over the rows that have it; NaN if none has."""
    values = [row[key] for row in rows if key in row]
    return float(sum(values) / len(values)) if values else float('nan')


def keys_of(rows: Sequence[dict]) -> List[str]:
    """Every key that occurs, in the order of first occurrence."""
    return list(dict.fromkeys(chain.from_iterable(rows)))
