"""Config families: the same seven trainings at the paper's size, small on real images, and as a rehearsal."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from mmcabl.lab.tables.definitions import FULL, MIXES, TABLES, UNITED, VARIANTS, Table
from mmcabl.lab.tables.systems import SYSTEMS, UNTRAINED
from mmcabl.utils.data_configs import SETS, type_name

_HERE = Path(__file__).resolve().parents[2]
#: In an installed package inside it, in a clone beside it.
CONFIGS = next((p for p in (_HERE / '.mim/configs', _HERE.parent / 'configs') if p.is_dir()), _HERE)


@dataclass(frozen=True)
class Family:
    """The configs of the trainings, below ``configs``, and what they stand for.

    Attributes:
        name: ``paper``, ``real`` or ``rehearsal``.
        configs: variant -> config of its training.
        robustness: config of Fig. 5, '' for none.
        note: what the figures mean, a sentence for the report.
        sets: the names under which its configs' test sets are reported.
        trained_as: variant -> the one whose training it shares, where only the test differs.
        saved_again: whether CASIA v1 is also tested with every image saved at one JPEG quality.
        extra: tables of ours that it shows beside the paper's unless others are asked for.
    """

    name: str
    configs: Dict[str, str]
    robustness: str
    note: str
    sets: Tuple[str, ...] = SETS
    trained_as: Mapping[str, str] = field(default_factory=dict)
    extra: Tuple[str, ...] = ()
    saved_again: bool = True

    def config(self, variant: str) -> Path:
        if variant in SYSTEMS:
            return CONFIGS / SYSTEMS[variant].configs[self.name]
        return CONFIGS / self.configs[variant]

    def has(self, variant: str) -> bool:
        """Whether there is a config for it: not every system of Table I has a small one."""
        return self.name in SYSTEMS[variant].configs if variant in SYSTEMS else variant in self.configs

    @property
    def tables(self) -> Dict[str, Table]:
        """The tables that it can fill, on its data sets."""
        there = {name: table for name, table in TABLES.items() if all(map(self.has, table.variants))}
        if not self.saved_again:
            there = {name: table.without_saved_again() for name, table in there.items()}
        return {name: table if self.sets == SETS else table.on(self.sets) for name, table in there.items()}

    def given_weights(self, variant: str) -> Optional[Path]:
        """Weights that are not trained here; None: they are."""
        weights = SYSTEMS[variant].weights if variant in SYSTEMS else ''
        return CONFIGS / weights if weights == UNTRAINED else Path(weights) if weights else None

    def robustness_config(self) -> Path:
        return CONFIGS / self.robustness


#: One network, three maps of it.
_MAPS = {UNITED: 'cabl', FULL: 'cabl'}


def _configs(ours: str, blocks: Sequence[str], mixes: str = '', stems: Sequence[str] = (),
             maps: bool = False) -> Dict[str, str]:
    """Variant -> config: of the method, with ``maps`` of its other maps, and of other models; names differ at ``{}``.
    """
    names = ('cabl_', '', 'cabl-i_', 'cabl-ii_', *blocks, 'cabl-prewitt_')
    return {**{variant: ours.format(name) for variant, name in zip(VARIANTS, names)},
            **{variant: ours.format(f'{variant}_') for variant in _MAPS if maps},
            **{variant: mixes.format(stem) for variant, stem in zip(MIXES, stems)}}


FAMILIES: Dict[str, Family] = {family.name: family for family in (
    Family('paper', _configs('cabl/{}conformer-s_b8-30e_casiav2-512.py', ('cabl-b1-4_', 'cabl-b1-8_'),
                             '{}_b8-30e_casiav2-512.py',
                             ('mmseg/fcn_r50-d8', 'mixes/fcn_r50-d8-cabl', 'mmseg/fcn-da_r50-d8')),
           'robustness/cabl_conformer-s_b8-30e_perturbed-512.py',
           'Trained on CASIA v2 with image-level labels, tested on the four other data sets.'),
    Family('real', _configs('real/{}lite_b32-1e_part-96.py', ('cabl-b1_', 'cabl-b1-3_'), maps=True),
           '',
           'A small network (LiteCABL) from ImageNet weights, 611 steps on labels of windows of forgeries of CASIA '
           'v2, tested on forgeries of it that were kept out, and on all of CASIA v1 and COVERAGE. The windows were '
           'cut where a forgery differs from its host, which says more than labels of images do. CASIAv1-q90: every '
           'image saved again at one JPEG quality first, since the published files tell the class by their '
           'compression. Eq. (2) has a residual of 1 unless it is said; refinement is GrabCut; "1-4" and "1-8" '
           'stand for the first and the first three of four stages. Compare with the masks that know nothing.',
           sets=('kept-out', 'CASIAv1-q90', 'COVERAGE'), trained_as=_MAPS, extra=('equation2', 'cgsr', 'scores')),
    Family('rehearsal', _configs('rehearsal/{}conformer-mini_b8-4e_synthetic-160.py', ('cabl-b1_', 'cabl-b1-2_'),
                                 'rehearsal/{}_b8-4e_synthetic-160.py',
                                 ('fcn_r50-mini', 'fcn_r50-mini-cabl', 'fcn-da_r50-mini'), maps=True),
           'rehearsal/cabl_conformer-mini_b8-4e_perturbed-160.py',
           'A rehearsal: a three-block network trained from scratch on synthetic forgeries, tested on synthetic '
           'forgeries of other photographs that are stored in the layouts of the data sets named in the columns. '
           'None of these images is from those data sets, refinement is GrabCut, Eq. (2) has a residual of 1 unless '
           'it is said, "1-4" and "1-8" stand for the first and the first two of three blocks. The numbers say that '
           'the code path works, nothing about the paper.', trained_as=_MAPS, extra=('equation2',),
           saved_again=False),
)}


def data_options(cfg: Mapping[str, Any], data: Path) -> Dict[str, str]:
    """``--cfg-options`` that point a config's data sets below ``data``: ``data/CASIAv2``, ``data/CASIAv1``, ...

    Its test set is a ``ForgeryBenchmark`` or a ``ConcatDataset``; a system that learns nothing has no training set.
    Of several sets at once those that were made (below ``work_dirs``) are where their recipe puts them.
    """
    key, parts = 'test_dataloader.dataset', cfg['test_dataloader']['dataset'].get('datasets')
    options = {f'{key}.data_root': str(data)} if parts is None else {
        f'{key}.datasets.{i}.data_root': str(data / type_name(part)) for i, part in enumerate(parts)
        if Path(part['data_root']).parts[0] != 'work_dirs'}
    training = (cfg.get('train_dataloader') or {}).get('dataset')
    if training and 'datasets' not in training:
        options['train_dataloader.dataset.data_root'] = str(data / 'CASIAv2')
    return options
