"""What other thresholds would have given, from the records of a test: no model, no images, no maps."""

from pathlib import Path
from typing import Any, Dict, List, Sequence, Union

import numpy as np

from mmcabl.evaluation.pixel_f1 import THRESHOLDS
from mmcabl.records.journal import Record
from mmcabl.records.store import ResultStore
from mmcabl.utils.data_configs import AVERAGE

#: Thresholds of a sweep: 0.05 to 0.95.
SWEPT = tuple(round(0.05 * i, 2) for i in range(1, 20))
NUMBERS = ('i_acc', 'i_f1', 'p_f1_map')


def at_thresholds(folder: Union[str, Path], thresholds: Sequence[float] = SWEPT) -> List[Dict[str, float]]:
    """For each threshold ``i_acc``, ``i_f1`` of the image score and ``p_f1_map`` of the map, by data set.

    ``p_f1_map`` is P-F1 of the normalised map cut there, Table VI's "Null"; what a refiner makes of another threshold
    only the images tell. Keys are those of the summary: ``<data set>/<number>`` and ``average/<number>`` where there
    are several. A number that the records do not tell is NaN.

    Args:
        thresholds: 0.01 to 0.99 in hundredths, as the records have them.

    Raises:
        FileNotFoundError: there are no records.
        ValueError: another threshold; records that are not those of the stock metrics.
    """
    for threshold in thresholds:
        if not np.isclose(THRESHOLDS, threshold, rtol=0, atol=1e-6).any():
            raise ValueError(f'Thresholds of a summary are 0.01 to 0.99 in hundredths, as the records have them; '
                             f'{threshold:g} was given.')
    records = ResultStore(folder).read()
    if not records:
        raise FileNotFoundError(f'{folder} has no images.*.jsonl with a whole record in it.')
    parts: Dict[str, List[Record]] = {}
    for key in sorted(records):
        parts.setdefault(key.dataset, []).append(records[key]['metrics'])
    try:
        return [_row(parts, float(threshold)) for threshold in thresholds]
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise ValueError(f'{folder} has records whose numbers are not those of ImageAUC and PixelF1 '
                         f'({type(error).__name__}: {error}).') from error


def _row(parts: Dict[str, List[Any]], threshold: float) -> Dict[str, float]:
    found = {name: _numbers(metrics, threshold) for name, metrics in parts.items()}
    if len(found) == 1:
        return dict(threshold=threshold, **next(iter(found.values())))
    found[AVERAGE] = {key: float(np.mean([numbers[key] for numbers in found.values()])) for key in NUMBERS}
    return dict(threshold=threshold, **{f'{name}/{k}': v for name, numbers in found.items()
                                        for k, v in numbers.items()})


def _numbers(metrics: List[Any], threshold: float) -> Dict[str, float]:
    images = [row['ImageAUC'] for row in metrics if row.get('ImageAUC')]
    curves = [row['PixelF1']['curve'] for row in metrics if (row.get('PixelF1') or {}).get('curve')]
    label = np.array([row['label'] for row in images], bool)
    guess = np.array([row['score'] for row in images], float) >= threshold
    hits, wrong = int((guess & label).sum()), int((guess != label).sum())
    return dict(i_acc=1 - wrong / len(images) if images else float('nan'),
                i_f1=2 * hits / (2 * hits + wrong) if hits or wrong else float('nan'),
                p_f1_map=float(np.mean([curve[round(100 * threshold) - 1] for curve in curves])) if curves
                else float('nan'))


def sweep_table(rows: Sequence[Dict[str, float]]) -> str:
    """Rows of :func:`at_thresholds` as Markdown; the highest number of each column is bold."""
    names = list(rows[0])
    best = {name: max((row[name] for row in rows if row[name] == row[name]), default=None) for name in names[1:]}
    lines = ['| ' + ' | '.join(names) + ' |', '| ' + ' | '.join(['---'] * len(names)) + ' |']
    for row in rows:
        cells = [f'{row["threshold"]:g}', *(f'**{row[n]:.3f}**' if row[n] == best[n] else f'{row[n]:.3f}'
                                            for n in names[1:])]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)
