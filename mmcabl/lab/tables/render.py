"""A table as Markdown, CSV and LaTeX: our column beside the paper's."""

from importlib import util
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional

from mmcabl.lab.tables.collect import Cell, Summaries, cells
from mmcabl.lab.tables.definitions import Table

if TYPE_CHECKING:
    from pandas import DataFrame

TITLES = {'i_auc': 'I-AUC', 'p_f1': 'P-F1', 'p_f1_null': 'Null', 'p_f1_point': 'Point', 'p_f1_box': 'Box',
          'p_f1_box_point': 'Box+Point', 'p_mcc': 'MCC', 'p_miou': 'mIoU', 'p_auc': 'pixel AUC', 'p_ap': 'pixel AP',
          'p_f1_rank': 'rank of P-F1'}


def require_pandas() -> None:
    """Raise ImportError with one sentence where what lays tables out is missing: to be known before any run."""
    missing = [name for name in ('pandas', 'tabulate', 'jinja2') if util.find_spec(name) is None]
    if missing:
        raise ImportError(f"Tables are laid out by {' and '.join(missing)}, not installed here: pip install "
                          "'mmcabl[tables]'.")


def _value(value: Optional[float]) -> str:
    return '-' if value is None else f'{value:.3f}'


def ours(cell: Cell, plus_minus: str = '±') -> str:
    """Mean, and the standard deviation where there are several seeds."""
    text = _value(cell.ours)
    return text if cell.spread is None else f'{text} {plus_minus} {cell.spread:.3f}'


def _frame(summaries: Summaries, table: Table, parts: Callable[[Cell], Dict[str, Any]]) -> 'DataFrame':
    """The table with columns (name, '') for what identifies a row, and (name, part) for the parts of its cells."""
    require_pandas()
    import pandas as pd
    header = [f'{name} {TITLES[metric]}' for name, metric in table.columns]
    rows = [{**{(key, ''): name for key, name in zip(table.keys, row.cells)},
             **{(name, part): value for name, cell in zip(header, found) for part, value in parts(cell).items()}}
            for row, found in zip(table.rows, cells(summaries, table))]
    return pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(rows[0]))


def markdown(summaries: Summaries, table: Table) -> str:
    """Cells as ``paper / here``."""
    frame = _frame(summaries, table, lambda c: {'': f'{_value(c.paper)} / {ours(c)}'}).droplevel(1, axis=1)
    seeds = {len(c.values) for found in cells(summaries, table) for c in found if c.values} or {0}
    count = str(min(seeds)) if len(seeds) == 1 else f'{min(seeds)} to {max(seeds)}'
    body = frame.to_markdown(index=False, disable_numparse=True)
    return f'## {table.title}\n\nEach cell: paper / here. Seeds: {count}.\n\n{body}\n'


def comma_separated(summaries: Summaries, table: Table) -> str:
    """One column each for the paper, our mean, standard deviation and number of seeds."""
    frame = _frame(summaries, table, lambda c: dict(paper=c.paper, mean=c.ours, std=c.spread, seeds=len(c.values)))
    frame.columns = frame.columns.map(' '.join).str.strip()
    return frame.to_csv(index=False, lineterminator='\n')


def latex(summaries: Summaries, table: Table) -> str:
    """A ``tabular`` for booktabs: two columns, paper and here, below each number."""
    frame = _frame(summaries, table, lambda c: dict(paper=_value(c.paper), here=f'${ours(c, chr(92) + "pm")}$'))
    for name in table.keys:
        frame[name] = frame[name].replace({'_': r'\_', '&': r'\&', '%': r'\%'}, regex=True)
    layout = 'l' * len(table.keys) + 'rr' * len(table.columns)
    return f'% {table.title}\n' + frame.to_latex(index=False, column_format=layout, multicolumn_format='c')
