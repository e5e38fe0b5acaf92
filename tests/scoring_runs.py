"""A tiny model and 60 images to score, and processes that score them."""

import re
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmcabl.apis import Predictor, score_share
from mmcabl.registry import MODELS
from mmcabl.utils import files
from tests.distributed_runs import CONFIG
from tests.forked import run

parquet = pytest.importorskip('pyarrow.parquet', reason='pyarrow cannot be imported', exc_type=ImportError)
SCRIPT = Path(__file__).parents[1] / 'tools/score.py'


@lru_cache(None)
def made_setting(base):
    """A tiny model, 60 images in folders of which two are broken."""
    tmp = base / 'scoring'
    tmp.mkdir()
    cfg = Config.fromfile(str(CONFIG))
    cfg.model.backbone.arch = dict(embed_dims=24, channel_ratio=1, num_heads=2, depths=3)
    cfg.model.backbone.base_channels = 8
    cfg.model.head.update(in_channels=32, embed_dims=24)
    cfg.model.update(scales=[32], flip=False)
    cfg.dump(str(tmp / 'config.py'))
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), tmp / 'model.pth')
    rng = np.random.default_rng(0)
    for i in range(60):
        path = tmp / f'images/{i % 3}/x_{i:02d}.{"png" if i % 2 else "JPG"}'
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = rng.integers(0, 256, (rng.integers(20, 50), 40, 3), np.uint8)
        path.write_bytes(cv2.imencode('.png' if i % 2 else '.jpg', picture)[1].tobytes())
    (tmp / 'images/1/x_01.png').write_bytes(b'')
    (tmp / 'images/2/x_20.JPG').write_bytes(b'no image')
    (tmp / 'images/notes.txt').write_text('no image either')
    return tmp


@lru_cache(None)
def made_predictor(base):
    setting = made_setting(base)
    return Predictor(str(setting / 'config.py'), str(setting / 'model.pth'), 'cpu')


@lru_cache(None)
def made_whole(base):
    """Results of one undisturbed process; like all others here, a fork with one thread."""
    setting, predictor = made_setting(base), made_predictor(base)
    run(score_share, predictor, setting / 'images', setting / 'whole', 7, 2)
    return setting / 'whole'


def share(predictor, source, out, *args, **kwargs):
    """``score_share`` in a fork; (images computed, what was said)."""
    said = run(lambda: print(f'computed {score_share(predictor, source, out, *args, **kwargs)}'))
    return int(re.search(r'computed (\d+)', said)[1]), said


def tables(out):
    """(rows in the order of files, masks by name)."""
    parts = [parquet.ParquetFile(p).read(use_threads=False) for p in sorted((out / 'scores').glob('*.parquet'))]
    rows = [row for part in parts for row in part.to_pylist()]
    return rows, {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob('*.png')}


def picture_at(path, seed=0, shape=(24, 20)):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    path.write_bytes(cv2.imencode('.png', pixels)[1].tobytes())
    return path


class Faulty(files.RawFile):
    """A file on a disk with faults: takes ``most`` bytes at a time, and loses all of a write or is full at times."""

    most, lost, full = 10 ** 9, (), ()
    count = 0

    def write(self, data):
        Faulty.count += 1
        if Faulty.count in self.full:
            super().write(data[:len(data) // 2])
            raise OSError(28, 'No space left on device')
        if Faulty.count in self.lost:
            return len(data)
        return super().write(data[:self.most])
