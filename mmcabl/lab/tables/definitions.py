"""What each table shows: its rows, the training each row needs, the paper's numbers for it."""

from dataclasses import dataclass, replace
from typing import Dict, Optional, Sequence, Tuple

from mmcabl.lab.tables import paper
from mmcabl.lab.tables.paper import Printed
from mmcabl.lab.tables.systems import SYSTEMS
from mmcabl.utils.data_configs import AVERAGE, SETS

#: The seven trainings behind all tables.
VARIANTS = ('cabl', 'none', 'structure-i', 'structure-ii', 'blocks-third', 'blocks-two-thirds', 'prewitt')
#: Models of mmsegmentation beside the method: full supervision, with CABL as a plug-in, with augmentation.
MIXES = ('fcn', 'fcn-cabl', 'fcn-da')
#: The network of ``cabl``, tested with the united map of Eq. (2), without the attention.
UNITED = 'cabl-united'
#: And with Eq. (2) as it is written, where a family's ``cabl`` has a residual beside the attention.
FULL = 'cabl-full'
#: CASIA v1 with every image at one JPEG quality; it counts in no average.
SAVED_AGAIN = 'CASIAv1-q90'
#: Masks that know nothing, as PixelF1 and PixelScores report them; their image score is chance.
BASELINES = {'trivial: all ones': 'p_f1_all_ones', 'trivial: random half': 'p_f1_random',
             'trivial: centre': 'p_f1_centre'}


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        cells: what names it, one for each of the table's key columns.
        published: the paper's numbers, {} where the paper has none.
        variant: the training it needs, None for rows that are the paper's alone.
        on_demand: shown where there are results for it, and made only when its system is asked for.
        p_f1: which of PixelF1's numbers counts: ``p_f1`` is the final mask's.
        i_auc: False for rows whose image score is not one of the model's.
    """

    cells: Tuple[str, ...]
    published: Printed
    variant: Optional[str] = None
    p_f1: str = 'p_f1'
    i_auc: bool = True
    on_demand: bool = False

    def key(self, metric: str) -> str:
        """Which of the reported numbers is this row's ``metric``."""
        if metric == 'p_f1':
            return self.p_f1
        return metric if self.i_auc else metric + self.p_f1[len('p_f1'):]


@dataclass(frozen=True)
class Table:
    """One table: its title, key columns, number columns and rows."""

    name: str
    title: str
    keys: Tuple[str, ...]
    sets: Sequence[str]
    metrics: Sequence[str]
    rows: Sequence[Row]
    average: bool = True
    saved_again: bool = True

    @property
    def columns(self) -> Sequence[Tuple[str, str]]:
        """(data set, metric) of each number column, their average, then I-AUC of CASIA v1 saved again."""
        names = (*self.sets, AVERAGE) if self.average else self.sets
        again = 'CASIAv1' in self.sets and SAVED_AGAIN not in self.sets and 'i_auc' in self.metrics
        again = again and self.saved_again
        return [(name, metric) for name in names for metric in self.metrics] + [(SAVED_AGAIN, 'i_auc')] * again

    def without_saved_again(self) -> 'Table':
        """The same where CASIA v1 is not tested a second time at one JPEG quality."""
        return replace(self, saved_again=False)

    def on(self, sets: Sequence[str]) -> 'Table':
        """The same rows on other data sets, without an average, which would be another one than the paper's."""
        return replace(self, sets=tuple(sets), average=False)

    @property
    def variants(self) -> Sequence[str]:
        """The trainings it needs, systems on demand left out."""
        return list(dict.fromkeys(row.variant for row in self.rows if row.variant and not row.on_demand))


def _trivial(columns: int) -> Sequence[Row]:
    return [Row((name, *[''] * (columns - 1)), {}, 'cabl', key, i_auc=False) for name, key in BASELINES.items()]


BOTH, TWO, NO_CGSR = ('i_auc', 'p_f1'), SETS[2:], 'p_f1_null'
MARK = {True: 'yes', False: '-'}
_OURS = list(paper.TABLE_I)[-1]
_SYSTEM_OF = {system.row: variant for variant, system in SYSTEMS.items()}

TABLES: Dict[str, Table] = {table.name: table for table in (
    Table('table1', 'Table I: comparison with other methods', ('Supervision', 'Method'), SETS, BOTH, [
        *(Row((supervision, name), values, 'cabl' if name == _OURS else _SYSTEM_OF[name], on_demand=name != _OURS)
          for name, (supervision, values) in paper.TABLE_I.items()), *_trivial(2)]),
    Table('table2', 'Table II: CABL and CGSR', ('CABL', 'CGSR'), TWO, BOTH, [
        *(Row((MARK[cabl], MARK[cgsr]), values, 'cabl' if cabl else 'none', 'p_f1' if cgsr else NO_CGSR)
          for (cabl, cgsr), values in paper.TABLE_II.items()), *_trivial(2)]),
    Table('table3', 'Table III: structure of CABL, without CGSR', ('Structure',), TWO, BOTH, [
        *(Row((key,), values, 'cabl' if key == 'iii' else f'structure-{key}', NO_CGSR)
          for key, values in paper.TABLE_III.items()), *_trivial(1)]),
    Table('table4', 'Table IV: blocks with CABL, without CGSR', ('Blocks',), TWO, BOTH, [
        *(Row((key,), values, variant, NO_CGSR) for (key, values), variant in zip(
            paper.TABLE_IV.items(), ('blocks-third', 'blocks-two-thirds', 'cabl'))), *_trivial(1)]),
    Table('table5', 'Table V: edge operator, without CGSR', ('Operator',), SETS, BOTH, [
        *(Row((key,), values, 'cabl' if key == 'Sobel' else 'prewitt', NO_CGSR)
          for key, values in paper.TABLE_V.items()), *_trivial(1)]),
    Table('table6', 'Table VI: prompts of CGSR', ('Prompt',), SETS, ('p_f1',), [
        *(Row((key,), values, 'cabl', f'p_f1_{key}') for key, values in paper.TABLE_VI.items()), *_trivial(1)]),
)}
#: Not the paper's: weak and full supervision in one toolbox, by one metric; what a P-F1 is worth.
TABLES['mixes'] = Table(
    'mixes', 'Weak and full supervision', ('Supervision', 'Method'), SETS, BOTH, [
        Row(('full', 'FCN'), {}, 'fcn'), Row(('full', 'FCN, CABL as a plug-in'), {}, 'fcn-cabl'),
        Row(('full', 'FCN+DA'), paper.TABLE_I['FCN+DA'][1], 'fcn-da'),
        Row(('weak', 'Ours'), paper.TABLE_I[_OURS][1], 'cabl'), *_trivial(2)])
#: Ours too: what the attention of Eq. (2) adds to the united map, with our residual and without; and what CGSR adds.
TABLES['equation2'] = Table('equation2', 'Eq. (2) and the united map, without CGSR', ('Map',), SETS, BOTH, [
    Row(('united map',), {}, UNITED, NO_CGSR), Row(('Eq. (2)',), {}, FULL, NO_CGSR),
    Row(('Eq. (2), residual 1',), {}, 'cabl', NO_CGSR), *_trivial(1)])
TABLES['cgsr'] = Table(
    'cgsr', "What CGSR adds to each system's map", ('Supervision', 'Method'), SETS,
    ('p_f1_null', 'p_f1_point', 'p_f1_box', 'p_f1_box_point'), [
        *(Row((supervision, name), {}, 'cabl' if name == _OURS else _SYSTEM_OF[name], on_demand=name != _OURS)
          for name, (supervision, _) in paper.TABLE_I.items()), Row(('weak', 'Ours, without CABL'), {}, 'none')])
#: What P-F1 does not say.
TABLES['scores'] = Table(
    'scores', 'Localization by numbers that a trivial mask cannot win', ('Mask',), SETS,
    ('p_mcc', 'p_miou', 'p_auc', 'p_ap', 'p_f1_rank'), [
        Row(('Ours',), {}, 'cabl'), Row(('Ours, without CABL',), {}, 'none'), *_trivial(1)])
PAPER_TABLES = [name for name in TABLES if name.startswith('table')]
#: The figures that are made beside them.
FIGURES = ('fig4', 'fig5')
