"""Config families: the same seven trainings at the paper's size, and as a rehearsal on embedded data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from mmcabl.lab.tables.definitions import MIXES, VARIANTS
from mmcabl.lab.tables.systems import SYSTEMS, UNTRAINED
from mmcabl.utils.data_configs import type_name

_HERE = Path(__file__).resolve().parents[2]
#: In an installed package inside it, in a clone beside it.
CONFIGS = next((p for p in (_HERE / '.mim/configs', _HERE.parent / 'configs') if p.is_dir()), _HERE)


@dataclass(frozen=True)
class Family:
    """Where the configs of the trainings lie, and what they stand for.

    Attributes:
        name: ``paper`` or ``rehearsal``.
        folder: of the trainings' configs, below ``configs``.
        recipe: their common ending.
        prefixes: variant -> beginning of its config's name.
        mixes: variant -> config of a model that is not the method's, below ``configs``.
        robustness: config of Fig. 5, below ``configs``.
        note: what the figures mean, a sentence for the report.
    """

    name: str
    folder: str
    recipe: str
    prefixes: Dict[str, str]
    mixes: Dict[str, str]
    robustness: str
    note: str

    def config(self, variant: str, root: Path = CONFIGS) -> Path:
        """Config file of a training."""
        if variant in self.mixes:
            return root / self.mixes[variant]
        if variant in SYSTEMS:
            return root / SYSTEMS[variant].configs[self.name]
        return root / self.folder / f'{self.prefixes[variant]}{self.recipe}.py'

    def has(self, variant: str) -> bool:
        """Whether there is a config for it: not every system of Table I has a small one."""
        return variant not in SYSTEMS or self.name in SYSTEMS[variant].configs

    def given_weights(self, variant: str, root: Path = CONFIGS) -> Optional[Path]:
        """Weights that are not trained here; None: they are."""
        weights = SYSTEMS[variant].weights if variant in SYSTEMS else ''
        return root / weights if weights == UNTRAINED else Path(weights) if weights else None

    def robustness_config(self, root: Path = CONFIGS) -> Path:
        """Config file of Fig. 5."""
        return root / self.robustness


def _prefixes(*blocks: str) -> Dict[str, str]:
    return dict(zip(VARIANTS, ('cabl_', '', 'cabl-i_', 'cabl-ii_', *blocks, 'cabl-prewitt_')))


def _mixes(*stems_and_recipe: str) -> Dict[str, str]:
    *stems, recipe = stems_and_recipe
    return {variant: stem + recipe for variant, stem in zip(MIXES, stems)}


FAMILIES: Dict[str, Family] = {family.name: family for family in (
    Family('paper', 'cabl', 'conformer-s_b8-30e_casiav2-512', _prefixes('cabl-b1-4_', 'cabl-b1-8_'),
           _mixes('mmseg/fcn_r50-d8', 'mixes/fcn_r50-d8-cabl', 'mmseg/fcn-da_r50-d8', '_b8-30e_casiav2-512.py'),
           'robustness/cabl_conformer-s_b8-30e_perturbed-512.py',
           'Trained on CASIA v2 with image-level labels, tested on the four other data sets.'),
    Family('rehearsal', 'rehearsal', 'conformer-mini_b8-4e_synthetic-160', _prefixes('cabl-b1_', 'cabl-b1-2_'),
           _mixes('rehearsal/fcn_r50-mini', 'rehearsal/fcn_r50-mini-cabl', 'rehearsal/fcn-da_r50-mini',
                  '_b8-4e_synthetic-160.py'),
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
