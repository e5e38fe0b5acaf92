"""Shared fixtures: a small network, made images, the reference numbers, one thread."""

import lzma
import os
import shutil
from importlib import import_module
from pathlib import Path

# One thread unless told otherwise, here and in every process that a test starts: the results of two processes are
# compared to the last bit, and small networks are no faster on more.
os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')  # where there are several, they do not spin on a busy core
# To ask whether there is a GPU must not open it: the process that scripts are forked from asks (tests/warm.py).
os.environ.setdefault('PYTORCH_NVML_BASED_CUDA_CHECK', '1')

import cv2
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from mmengine.registry import init_default_scope

from mmcabl.registry import MODELS
from tests.warm import quicken

DATA = Path(__file__).parent / 'data'
THREADS = torch.get_num_threads()
# `ci`: a fixed budget and fixed examples, so a run says the same anywhere; `make fuzz` draws new ones.
settings.register_profile('ci', max_examples=50, derandomize=True, deadline=None, database=None,
                          suppress_health_check=list(HealthCheck))
settings.register_profile('fuzz', max_examples=int(os.environ.get('EXAMPLES', 5000)), deadline=None,
                          suppress_health_check=list(HealthCheck))
settings.load_profile('ci')
#: Files that take longest; several processes begin with them, so that none is left with one at the end.
LONG = ('test_slurm.py', 'test_upstream_scripts.py', 'test_distributed.py', 'test_tables.py', 'test_results.py',
        'test_mmseg.py', 'test_mixes.py', 'test_lists.py')
ARCH = dict(embed_dims=48, channel_ratio=1, num_heads=3, depths=6)


def pytest_collection_modifyitems(items):
    if 'PYTEST_XDIST_WORKER' in os.environ:
        items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


def pytest_collection_finish():
    """All that the tests import is imported."""
    quicken()


@pytest.fixture(autouse=True)
def _scope():
    torch.set_num_threads(THREADS)  # a test may have changed it
    torch.manual_seed(0)
    init_default_scope('mmpretrain')


@pytest.fixture(scope='session')
def shared(tmp_path_factory):
    """The reference numbers and lists of ``tests/data``, unpacked."""
    folder = shutil.copytree(DATA, tmp_path_factory.mktemp('reference') / 'data')
    for path in folder.rglob('*.xz'):
        path.with_suffix('').write_bytes(lzma.decompress(path.read_bytes()))
        path.unlink()
    return folder


@pytest.fixture
def one_thread():
    torch.set_num_threads(1)


def _made(module, name):
    """A session-wide thing that several files test; made at the first use, by a module that may skip their tests."""

    @pytest.fixture(scope='module')
    def made(tmp_path_factory):
        return getattr(import_module(f'tests.{module}'), name)(tmp_path_factory.getbasetemp())

    return made


#: Of large inference, and of interrupted tests.
setting, predictor, whole = (_made('scoring_runs', f'made_{name}') for name in ('setting', 'predictor', 'whole'))
data, runs = (_made('results_runs', f'made_{name}') for name in ('data', 'runs'))


def build_backbone(**kwargs):
    """A six-block ConformerCABL with random statistics, in evaluation mode."""
    backbone = MODELS.build(dict(type='mmcabl.ConformerCABL', **{'arch': ARCH, **kwargs}))
    return randomise(backbone)


def randomise(module):
    """Give batch norms statistics and weights that matter, and set evaluation mode."""
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.2)
            layer.running_var.uniform_(0.5, 2)
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.normal_(0, 0.2)
    module.eval()
    return module


def build_localizer(num_classes=1, backbone=None, **kwargs):
    """A small localizer with GrabCut, random weights, evaluation mode."""
    cfg = dict(type='mmcabl.WeaklySupervisedLocalizer',
               backbone=dict(type='mmcabl.ConformerCABL', arch=ARCH, **(backbone or {})),
               head=dict(type='mmcabl.WeakLabelHead', in_channels=256, embed_dims=48,
                         num_classes=num_classes), scales=[64])
    cfg.update(kwargs)
    return randomise(MODELS.build(cfg))


def write_casia(root, authentic=4, forged=4, size=48, seed=0):
    """A data set in CASIA v2's layout: noise on one side of forged images."""
    rng = np.random.default_rng(seed)
    folders = [root / 'CASIA 2.0/Au', root / 'CASIA 2.0/Tp', root / 'CASIA 2 Groundtruth']
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for i in range(authentic + forged):
        image = np.full((size, size, 3), 90 + 10 * i % 150, np.uint8) + rng.integers(0, 9, (size, size, 3), np.uint8)
        if i < authentic:
            cv2.imwrite(str(folders[0] / f'Au_ani_{i:05d}.jpg'), image)
            continue
        mask = np.zeros((size, size), np.uint8)
        mask[8:30, 10:36] = 255
        image[mask > 0] = rng.integers(0, 255, (int((mask > 0).sum()), 3))
        cv2.imwrite(str(folders[1] / f'Tp_D_x_{i:05d}.png'), image)
        cv2.imwrite(str(folders[2] / f'Tp_D_x_{i:05d}_gt.png'), mask)
    return root
