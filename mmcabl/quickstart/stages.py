"""The quick start's stages: data, training, testing. Each is skipped when its result is there."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Dict

from mmengine.config import Config

from mmcabl.engine.stages import is_made_for, run_script, stamp
from mmcabl.synthetic import ForgeryRecipe, embedded_photographs, generate

#: What the quick start forges: all kinds of forgery, told by differing noise inside and outside.
RECIPE = ForgeryRecipe(size=160, zoom=(0.35, 1.0), area=(0.1, 0.35), traces=('noise',))


@dataclass(frozen=True)
class Plan:
    """What to run and where.

    Attributes:
        root: gets ``data``, ``train``, ``test`` and the report.
        config: of the model, in mmcabl's ``configs``.
        train_images, test_images: how many to make; half of each are forged.
        seed: of data and training.
        options: more ``--cfg-options`` for training and testing.
    """

    root: Path
    config: Path
    train_images: int = 2400
    test_images: int = 200
    seed: int = 0
    options: tuple = ()

    def data(self, split: str) -> Path:
        """Folder of a split's images."""
        return self.root / 'data' / split


def make_data(plan: Plan) -> None:
    """Write training and test images from disjoint photographs, unless they are there."""
    for number, (split, count) in enumerate((('train', plan.train_images), ('test', plan.test_images))):
        folder, seed = plan.data(split), 2 * plan.seed + number
        photographs = embedded_photographs(split)
        wanted = dict(seed=seed, count=count, photographs=[p.name for p in photographs], recipe=repr(RECIPE))
        if is_made_for(folder, wanted):
            print(f'{folder}: {count} images are there.', flush=True)
            continue
        generate(photographs, folder, count, seed, RECIPE)
        stamp(folder, wanted)


def train(plan: Plan) -> Path:
    """Train with mmpretrain's ``train.py``, or go on, or find it done. Returns the last checkpoint."""
    folder, cfg = plan.root / 'train', Config.fromfile(str(plan.config))
    wanted = dict(seed=plan.seed, count=plan.train_images, recipe=repr(RECIPE), options=list(plan.options),
                  config=repr(cfg.to_dict()))
    if not is_made_for(folder, wanted):
        stamp(folder, wanted)
    finished = folder / 'finished'
    if finished.is_file():
        print(f'{folder}: training has finished.', flush=True)
    else:
        run_script('train.py', str(plan.config), '--work-dir', str(folder), '--resume', 'auto', '--cfg-options',
                   f'train_dataloader.dataset.data_root={plan.data("train")}', f'randomness.seed={plan.seed}',
                   *plan.options)
        finished.touch()
    return Path((folder / 'last_checkpoint').read_text().strip())


def test(plan: Plan, checkpoint: Path, name: str = 'test', options: tuple = ()) -> Dict[str, float]:
    """Test with mmpretrain's ``test.py``; returns its metrics."""
    out = plan.root / name / 'metrics.json'
    shutil.rmtree(plan.root / name, ignore_errors=True)  # pictures of every image are wanted, not those left alone
    run_script('test.py', str(plan.config), str(checkpoint), '--work-dir', str(plan.root / name),
               '--out', str(out), '--out-item', 'metrics', '--cfg-options',
               f'test_dataloader.dataset.data_root={plan.data("test")}', *plan.options, *options)
    return json.loads(out.read_text())
