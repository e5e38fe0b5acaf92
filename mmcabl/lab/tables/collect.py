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
        return mean(self.values) if self.values else None

    @property
    def spread(self) -> Optional[float]:
        """Sample standard deviation over seeds; None for fewer than two."""
        return stdev(self.values) if len(self.values) > 1 else None


def cell(summaries: Summaries, row: Row, table: Table, column: Column) -> Cell:
    """The paper's number and one of ours for each seed that has it; the average is over the table's own data sets."""
    name, metric = column
    runs = summaries.get(row.variant or '', ())
    if metric == 'i_auc' and not row.i_auc:
        return Cell(row.published.get(column), (0.5,) * len(runs))  # a score that knows nothing
    keys = [f'{each}/{row.key(metric)}' for each in (table.sets if name == AVERAGE else (name,))]
    values = [mean(run[key] for key in keys) for run in runs if all(run.get(key) is not None for key in keys)]
    return Cell(row.published.get(column), tuple(values))


def cells(summaries: Summaries, table: Table) -> List[List[Cell]]:
    return [[cell(summaries, row, table, column) for column in table.columns] for row in table.rows]
