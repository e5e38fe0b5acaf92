"""No data-loader process outlives the process it works for."""

import multiprocessing
import os
import random
import select
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config
from torch.utils.data import DataLoader, Dataset

from mmcabl.registry import HOOKS

RUNTIME = Path(__file__).parents[1] / 'configs/_base_/default_runtime.py'


class Masks(Dataset):
    """Samples with a mask, as ours: more than a pipe holds."""

    def __len__(self):
        return 100

    def __getitem__(self, index):
        return np.zeros((512, 512), bool)


def seed(worker_id):
    random.seed(worker_id + 7)


def hooks():
    """What our configs have against it."""
    found = Config.fromfile(str(RUNTIME)).default_hooks.values()
    return [HOOKS.build(hook) for hook in found if hook.type == 'mmcabl.WorkerGuardHook']


def work(number, guards):
    """Start a loader's process as a test does, then be killed."""
    loader = DataLoader(Masks(), num_workers=1, collate_fn=list, persistent_workers=True, worker_init_fn=seed)
    for guard in guards:
        guard.before_test(SimpleNamespace(test_dataloader=loader))
    next(iter(loader))
    os.kill(os.getpid(), number)


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='processes are not forked here')
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_parent_leaves_none_behind(number):
    guards = hooks()
    alive, held = os.pipe()  # its end comes when the last process that holds it is gone
    process = multiprocessing.get_context('fork').Process(target=work, args=(number, guards))
    process.start()
    os.close(held)
    process.join()
    assert process.exitcode == -number
    assert select.select([alive], [], [], 60)[0] and os.read(alive, 1) == b''
    os.close(alive)


def test_the_seeds_are_set_as_before():
    from mmcabl.engine.hooks.data_workers import guard
    loader = DataLoader(Masks(), num_workers=1, worker_init_fn=seed)
    guard(loader)
    guard(loader)  # a second test in the same process
    assert loader.worker_init_fn.inner is seed
    loader.worker_init_fn(0)
    state = random.getstate()
    seed(0)
    assert random.getstate() == state
