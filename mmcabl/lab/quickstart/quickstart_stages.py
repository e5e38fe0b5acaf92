"""The quick start's stages: data, training, testing. Each is skipped when its result is there."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from mmengine.config import Config

from mmcabl.apis.model_choice import DEFAULT
from mmcabl.engine.scripts.upstream import run_script, with_options
from mmcabl.lab.runs.identity import test_identity, training_identity
from mmcabl.lab.runs.work_folders import (
    digest,
    finish,
    finished,
    folder_for,
    made_for,
    sha256_of,
    trained_weights,
)
from mmcabl.lab.synthetic import ForgeryRecipe, embedded_photographs, generate
from mmcabl.version import __version__
from mmcabl.zoo import find_card

#: What the quick start forges: all kinds of forgery, told by noise, compression, resampling or blur that differ.
RECIPE = ForgeryRecipe(size=160, zoom=(0.35, 1.0), area=(0.1, 0.35))
#: What the shipped weights judge: cut out and put in, nothing else that differs.
PLAIN = ForgeryRecipe(size=240, area=(0.08, 0.25), forgeries=('splicing', 'copy-move'), traces=(), noise=(0., 0.))


@dataclass(frozen=True)
class Plan:
    """What to run and where.

    Attributes:
        root: gets ``data``, ``train``, ``test`` and the report.
        train_images, test_images: how many to make; half of each are forged.
        options: more ``--cfg-options`` for training and testing.
    """

    root: Path
    config: Path
    train_images: int = 2400
    test_images: int = 200
    seed: int = 0
    options: tuple = ()


def synthetic(folder: Path, split: str, count: int, seed: int, recipe: ForgeryRecipe = RECIPE,
              layout: str = 'CASIAv2') -> Path:
    """A synthetic data set of the embedded photographs, made unless it is there; returns its folder."""
    photographs = embedded_photographs(split)
    folder = folder_for(folder, dict(seed=seed, count=count, photographs=[p.name for p in photographs],
                                     recipe=repr(recipe), layout=layout, mmcabl=__version__))
    if finished(folder) is None:
        generate(photographs, folder, count, seed, recipe, layout=layout, go_on=True)
        finish(folder, dict(images=count))
    else:
        print(f'{folder}: {count} images are there.', flush=True)
    return folder


def make_data(plan: Plan) -> Tuple[Path, Path]:
    """Folders of training and test images, made of disjoint photographs unless they are there."""
    wanted = (('train', plan.train_images), ('test', plan.test_images))
    train, test = (synthetic(plan.root / 'data' / split, split, count, 2 * plan.seed + number)
                   for number, (split, count) in enumerate(wanted))
    return train, test


def check(plan: Plan, images: int = 12) -> Path:
    """``mmcabl check`` by the shipped weights on plain forgeries of the test photographs, half of the images; returns
    the report.

    Raises:
        SystemExit: it ended with another status than 0; what it said is above.
    """
    data = synthetic(plan.root / 'data/check', 'test', images, 2 * plan.seed + 5, PLAIN)
    card = find_card(DEFAULT)  # of other weights or images: beside what is there
    out = folder_for(plan.root / 'check', dict(
        data=made_for(data), weights=card.sha256, mmcabl=__version__,
        config=digest(Config.fromfile(card.config_path).to_dict()))) / 'report'
    command = [sys.executable, '-m', 'mmcabl', 'check', str(data / 'CASIA 2.0'), '--out', str(out)]
    print('+', ' '.join(command), flush=True)
    code = subprocess.run(command, check=False).returncode
    if code:
        raise SystemExit(f'mmcabl check ended with exit status {code}; its own message is above.')
    return out / 'report.html'


def starting_weights(plan: Plan) -> List[str]:
    """``--cfg-options`` that say where the shipped weights lie, for a config that starts from any."""
    given = Config.fromfile(str(plan.config)).model.get('init_cfg')
    return [f'model.init_cfg.checkpoint={find_card(DEFAULT).checked_weights()}'] if given else []


def train(plan: Plan, data: Path, test_data: Path) -> Path:
    """Train with mmpretrain's ``train.py``, or go on, or find it done. Returns the last checkpoint.

    A config that starts from weights starts from the package's own.
    """
    options = [*starting_weights(plan),
               f'train_dataloader.dataset.data_root={data}', f'test_dataloader.dataset.data_root={test_data}',
               f'randomness.seed={plan.seed}', *plan.options]
    cfg = with_options(Config.fromfile(str(plan.config)), options)
    start = find_card(DEFAULT).sha256 if cfg.model.get('init_cfg') else None
    folder = folder_for(plan.root / 'train', dict(training_identity(cfg), start=start))
    if finished(folder) is None:
        run_script('train.py', str(plan.config), '--work-dir', str(folder), '--resume', 'auto', '--cfg-options',
                   *options)
        finish(folder, trained_weights(folder))
    else:
        print(f'{folder}: training has finished.', flush=True)
    return folder / finished(folder)['checkpoint']


def test(plan: Plan, data: Path, checkpoint: Path, name: str = 'test',
         options: Sequence[str] = ()) -> Tuple[Path, Dict]:
    """Test with mmpretrain's ``test.py``, or find it done; returns the folder and the metrics."""
    options = [f'test_dataloader.dataset.data_root={data}', *plan.options, *options]
    cfg = with_options(Config.fromfile(str(plan.config)), options)
    folder = folder_for(plan.root / name, test_identity(cfg, sha256_of(checkpoint)))
    if finished(folder) is None:
        out = folder / 'metrics.json'
        run_script('test.py', str(plan.config), str(checkpoint), '--work-dir', str(folder), '--out', str(out),
                   '--out-item', 'metrics', '--cfg-options', *options)
        finish(folder, json.loads(out.read_text()))
    else:
        print(f'{folder}: the test has finished.', flush=True)
    return folder, finished(folder)
