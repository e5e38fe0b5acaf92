"""Every summary from the per-image records, without the model."""

from pathlib import Path
from typing import Dict, Optional, Sequence, Union

from mmcabl.evaluation.per_image_metric import PerImageMetric, Result
from mmcabl.records.journal import Record
from mmcabl.records.store import ResultStore, rows_of
from mmcabl.registry import METRICS
from mmcabl.structures.forensic_sample import Key

STOCK = (dict(type='mmcabl.ImageAUC'), dict(type='mmcabl.PixelF1'))
#: Summarized too where the test ran it: older records have none.
BESIDE = dict(type='mmcabl.PixelScores')


def left_out(records: Dict[Key, Record]) -> Dict[str, int]:
    """How many images no metric counts: ``unreadable`` files, and ``failed``: there is no finite score for them."""
    return {name: sum(bool(record.get(name)) for record in records.values()) for name in ('unreadable', 'failed')}


def summarize_store(folder: Union[str, Path], metrics: Optional[Sequence[dict]] = None) -> Dict[str, float]:
    """The numbers of ``tools/test.py``, of metrics that the test ran, from the ``images.*.jsonl`` in ``folder``.

    ``metrics``: configs of those wanted; by default :data:`STOCK`, and :data:`BESIDE` where every record has it.

    Raises:
        FileNotFoundError: there are no records.
        ValueError: one of the metrics was not run, or the records have other numbers than it writes.
    """
    records = ResultStore(folder).read()
    if not records:
        raise FileNotFoundError(f'{folder} has no images.*.jsonl with a whole record in it.')
    ordered = {key: records[key] for key in sorted(records)}
    if metrics is None:
        beside = all('PixelScores' in record['metrics'] for record in ordered.values())
        metrics = (*STOCK, BESIDE) if beside else STOCK
    found: Dict[str, float] = {}
    for cfg in metrics:
        metric: PerImageMetric = METRICS.build(dict(cfg))
        name = type(metric).__name__
        missing = sum(name not in record['metrics'] for record in ordered.values())
        if missing:
            raise ValueError(f'{missing} of {len(ordered)} records in {folder} have no {name}.')
        try:
            found.update(metric.compute_metrics([Result(*row) for row in rows_of(ordered, name)]))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f'{folder} has records whose numbers are not those of {name} ({type(error).__name__}: '
                             f'{error}).') from error
    return {**found, **left_out(ordered)}


def table_one_row(summary: Dict[str, float]) -> str:
    """Table I's row: I-AUC and P-F1 of each data set and their average, as Markdown with its header."""
    names = list(dict.fromkeys(key.split('/')[0] for key in summary if '/' in key)) or ['']
    numbers = [(f'{name} {title}'.strip(), summary.get(f'{name}/{key}'.lstrip('/')))
               for name in names for title, key in (('I-AUC', 'i_auc'), ('P-F1', 'p_f1'))]
    cells = ['-' if value is None else f'{value:.3f}' for _, value in numbers]
    header = ['Method', *(title for title, _ in numbers)]
    return '\n'.join(['| ' + ' | '.join(row) + ' |' for row in (header, ['---'] * len(header), ['Ours', *cells])])
