"""From summaries of runs to the cells of a table: mean and standard deviation over seeds."""

from dataclasses import dataclass
from statistics import mean, stdev
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from mmcabl.lab.tables.definitions import Row, Table
from mmcabl.utils.data_configs import AVERAGE

Column = Tuple[str, str]
#: variant -> one summary for each seed
Summaries = Mapping[str, Sequence[Dict[str, float]]]


@dataclass(frozen=True)
class Cell:
    """The paper's number and ours; None where there is none."""

    paper: Optional[float] = None
    values: Tuple[float, ...] = ()

    @property
    def ours(self) -> Optional[float]:
        """Mean over seeds."""
        return mean(self.values) if self.values else None

    @property
    def spread(self) -> Optional[float]:
        """Sample standard deviation over seeds; None for fewer than two."""
        return stdev(self.values) if len(self.values) > 1 else None


def number(summary: Dict[str, float], row: Row, table: Table, column: Column) -> Optional[float]:
    """One run's number for a cell; the average is over the table's own data sets."""
    name, metric = column
    if metric == 'i_auc' and not row.i_auc:
        return 0.5  # a score that knows nothing
    key = row.p_f1 if metric == 'p_f1' else metric
    found = [summary.get(f'{each}/{key}') for each in (table.sets if name == AVERAGE else (name,))]
    return None if None in found else mean(found)


def cell(summaries: Summaries, row: Row, table: Table, column: Column) -> Cell:
    """The paper's number and one of ours for each seed that has it."""
    values: List[float] = []
    for summary in summaries.get(row.variant or '', ()):
        value = number(summary, row, table, column)
        if value is not None:
            values.append(value)
    return Cell(row.published.get(column), tuple(values))


def cells(summaries: Summaries, table: Table) -> List[List[Cell]]:
    """Every cell of a table."""
    return [[cell(summaries, row, table, column) for column in table.columns] for row in table.rows]
