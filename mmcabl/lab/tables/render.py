"""A table as Markdown, CSV and LaTeX: our column beside the paper's."""

import csv
import io
from typing import List, Sequence, Tuple

from mmcabl.lab.tables.collect import Cell, Summaries, cells
from mmcabl.lab.tables.definitions import Table

METRICS = {'i_auc': 'I-AUC', 'p_f1': 'P-F1'}


def _value(value, digits: int = 3) -> str:
    return '-' if value is None else f'{value:.{digits}f}'


def ours(cell: Cell, plus_minus: str = '±') -> str:
    """Mean, and the standard deviation where there are several seeds."""
    text = _value(cell.ours)
    return text if cell.spread is None else f'{text} {plus_minus} {cell.spread:.3f}'


def _grid(summaries: Summaries, table: Table) -> Tuple[List[str], List[Tuple[Sequence[str], List[Cell]]]]:
    header = [f'{name} {METRICS[metric]}' for name, metric in table.columns]
    return header, [(row.cells, found) for row, found in zip(table.rows, cells(summaries, table))]


def markdown(summaries: Summaries, table: Table) -> str:
    """Cells as ``paper / here``."""
    header, rows = _grid(summaries, table)
    lines = [[*table.keys, *header], ['---'] * (len(table.keys) + len(header))]
    lines += [[*names, *(f'{_value(c.paper)} / {ours(c)}' for c in found)] for names, found in rows]
    seeds = {len(c.values) for _, found in rows for c in found if c.values} or {0}
    count = str(min(seeds)) if len(seeds) == 1 else f'{min(seeds)} to {max(seeds)}'
    body = '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
    return f'## {table.title}\n\nEach cell: paper / here. Seeds: {count}.\n\n{body}\n'


def comma_separated(summaries: Summaries, table: Table) -> str:
    """One column each for the paper, our mean, standard deviation and number of seeds."""
    header, rows = _grid(summaries, table)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    parts = ('paper', 'mean', 'std', 'seeds')
    writer.writerow([*table.keys, *(f'{name} {part}' for name in header for part in parts)])
    for names, found in rows:
        values = [(c.paper, c.ours, c.spread, len(c.values)) for c in found]
        writer.writerow([*names, *('' if v is None else v for group in values for v in group)])
    return out.getvalue()


def latex(summaries: Summaries, table: Table) -> str:
    """A ``tabular`` for booktabs: two columns, paper and here, below each number."""
    header, rows = _grid(summaries, table)
    keys = len(table.keys)
    top = ' & '.join([*table.keys, *(rf'\multicolumn{{2}}{{c}}{{{name}}}' for name in header)])
    second = ' & '.join([''] * keys + ['paper & here'] * len(header))
    lines = [rf'% {table.title}', rf'\begin{{tabular}}{{{"l" * keys}{"rr" * len(header)}}}', r'\toprule',
             top + r' \\', second + r' \\', r'\midrule']
    for names, found in rows:
        values = [f'{_value(c.paper)} & ${ours(c, chr(92) + "pm")}$' for c in found]
        lines.append(' & '.join([*(_escape(n) for n in names), *values]) + r' \\')
    return '\n'.join([*lines, r'\bottomrule', r'\end{tabular}']) + '\n'


def _escape(text: str) -> str:
    return text.replace('_', r'\_').replace('&', r'\&').replace('%', r'\%')
