"""Config families: the same seven trainings at the paper's size, and as a rehearsal on embedded data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence

from mmcabl.lab.tables.definitions import MIXES, VARIANTS
from mmcabl.lab.tables.systems import SYSTEMS, UNTRAINED
from mmcabl.utils.data_configs import type_name

_HERE = Path(__file__).resolve().parents[2]
#: In an installed package inside it, in a clone beside it.
CONFIGS = next((p for p in (_HERE / '.mim/configs', _HERE.parent / 'configs') if p.is_dir()), _HERE)


@dataclass(frozen=True)
class Family:
    """The configs of the trainings, below ``configs``, and what they stand for.

    Attributes:
        name: ``paper`` or ``rehearsal``.
        configs: variant -> config of its training.
        robustness: config of Fig. 5.
        note: what the figures mean, a sentence for the report.
    """

    name: str
    configs: Dict[str, str]
    robustness: str
    note: str

    def config(self, variant: str) -> Path:
        if variant in SYSTEMS:
            return CONFIGS / SYSTEMS[variant].configs[self.name]
        return CONFIGS / self.configs[variant]

    def has(self, variant: str) -> bool:
        """Whether there is a config for it: not every system of Table I has a small one."""
        return variant not in SYSTEMS or self.name in SYSTEMS[variant].configs

    def given_weights(self, variant: str) -> Optional[Path]:
        """Weights that are not trained here; None: they are."""
        weights = SYSTEMS[variant].weights if variant in SYSTEMS else ''
        return CONFIGS / weights if weights == UNTRAINED else Path(weights) if weights else None

    def robustness_config(self) -> Path:
        return CONFIGS / self.robustness


def _configs(ours: str, blocks: Sequence[str], mixes: str, stems: Sequence[str]) -> Dict[str, str]:
    """Variant -> config, of the method and of other models; names differ at ``{}``."""
    names = ('cabl_', '', 'cabl-i_', 'cabl-ii_', *blocks, 'cabl-prewitt_')
    return {**{variant: ours.format(name) for variant, name in zip(VARIANTS, names)},
            **{variant: mixes.format(stem) for variant, stem in zip(MIXES, stems)}}


FAMILIES: Dict[str, Family] = {family.name: family for family in (
    Family('paper', _configs('cabl/{}conformer-s_b8-30e_casiav2-512.py', ('cabl-b1-4_', 'cabl-b1-8_'),
                             '{}_b8-30e_casiav2-512.py',
                             ('mmseg/fcn_r50-d8', 'mixes/fcn_r50-d8-cabl', 'mmseg/fcn-da_r50-d8')),
           'robustness/cabl_conformer-s_b8-30e_perturbed-512.py',
           'Trained on CASIA v2 with image-level labels, tested on the four other data sets.'),
    Family('rehearsal', _configs('rehearsal/{}conformer-mini_b8-4e_synthetic-160.py', ('cabl-b1_', 'cabl-b1-2_'),
                                 'rehearsal/{}_b8-4e_synthetic-160.py',
                                 ('fcn_r50-mini', 'fcn_r50-mini-cabl', 'fcn-da_r50-mini')),
           'rehearsal/cabl_conformer-mini_b8-4e_perturbed-160.py',
           'A rehearsal: a three-block network trained from scratch on synthetic forgeries, tested on synthetic '
           'forgeries of other photographs that are stored in the layouts of the data sets named in the columns. '
           'None of these images is from those data sets, refinement is GrabCut, "1-4" and "1-8" stand for the first '
           'and the first two of three blocks. The numbers say that the code path works, nothing about the paper.'),
)}


def data_options(cfg: Mapping[str, Any], data: Path) -> Dict[str, str]:
    """``--cfg-options`` that point a config's data sets below ``data``: ``data/CASIAv2``, ``data/CASIAv1``, ...

    Its test set is a ``ForgeryBenchmark`` or a ``ConcatDataset``; a system that learns nothing has no training set.
    """
    key, parts = 'test_dataloader.dataset', cfg['test_dataloader']['dataset'].get('datasets')
    options = {f'{key}.data_root': str(data)} if parts is None else {
        f'{key}.datasets.{i}.data_root': str(data / type_name(part)) for i, part in enumerate(parts)}
    if cfg.get('train_dataloader'):
        options['train_dataloader.dataset.data_root'] = str(data / 'CASIAv2')
    return options
