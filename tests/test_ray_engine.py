"""Scoring by Ray Data: the records of plain scoring, whoever is killed; skipped where there is no Ray."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mmcabl.apis import ray_engine
from mmcabl.apis.ray_engine import score_with_ray
from tests.scoring_runs import SCRIPT, tables


def test_the_extra_that_lacks_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(ImportError, match=r"--engine ray needs Ray, .* pip install 'mmcabl\[ray\]'"):
        score_with_ray({}, tmp_path, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_numbered_gpu_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_engine, 'require_ray', InProcess)
    with pytest.raises(ValueError, match='was given --device cuda:1; it accepts cuda, cpu or none, for Ray itself'):
        score_with_ray(dict(device='cuda:1'), tmp_path, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


class InProcess:
    """What the engine asks of Ray and Ray Data, in this process."""

    exceptions = SimpleNamespace(RayTaskError=ZeroDivisionError)

    def __init__(self):
        self.data = SimpleNamespace(from_items=self.of, ActorPoolStrategy=lambda size: None)

    def of(self, items, **_):
        self.items = items
        return SimpleNamespace(map_batches=self.mapped)

    def mapped(self, scorer, fn_constructor_args, **_):
        score = scorer(*fn_constructor_args)
        found = (score(dict(chunk=np.array([item['chunk']]))) for item in self.items)
        return SimpleNamespace(iter_rows=lambda: ({key: part[0] for key, part in row.items()} for row in found))

    def is_initialized(self):
        return True

    def cluster_resources(self):
        return {}


def test_what_ends_a_process_is_a_sentence(setting, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_engine, 'require_ray', InProcess)
    out, model = tmp_path / 'out', dict(config=str(setting / 'config.py'), checkpoint=str(setting / 'model.pth'),
                                        device='cpu')
    (out / 'masks').mkdir(parents=True)
    (out / 'masks/000001').touch()  # in the place of a folder
    with pytest.raises(RuntimeError, match='masks/000001'):
        score_with_ray(model, setting / 'images', out, 7, 2)
    (out / 'masks/000001').unlink()
    assert score_with_ray(model, setting / 'images', out, 7, 2)['computed'] >= 53 and tables(out) == tables(whole)


def start(setting, out, tmp_path, processes=1):
    """The script at work with Ray, in a session of its own so that all of it can be killed."""
    command = [sys.executable, '-W', 'ignore', str(SCRIPT), str(setting / 'config.py'), str(setting / 'model.pth'),
               str(setting / 'images'), str(out), '--device', 'cpu', '--chunk-size', '7', '--batch-size', '2',
               '--engine', 'ray', '--processes', str(processes)]
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1', 'RAY_TMPDIR': '/tmp',
           'PYTHONPATH': str(SCRIPT.parents[1])}
    with open(tmp_path / 'log', 'w') as log:
        return subprocess.Popen(command, env=env, cwd=SCRIPT.parents[1], stdout=log, stderr=log,
                                start_new_session=True)


def scorer_of(driver: int) -> int:
    """The process that holds the model among those that a driver's session started; 0 before there is one."""
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            if (b'ray::' in (folder / 'cmdline').read_bytes() and b'ChunkScorer' in (folder / 'cmdline').read_bytes()
                    and os.getsid(int(folder.name)) == driver):
                return int(folder.name)
        except OSError:
            continue
    return 0


def lines(out):
    return sum(path.read_bytes().count(b'\n') for path in out.glob('journal/*.jsonl'))


def until(condition, process, tmp_path, seconds=240):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end and process.poll() is None, (tmp_path / 'log').read_text()[-3000:]
        time.sleep(0.02)


@pytest.mark.skipif(importlib.util.find_spec('ray') is None, reason="needs Ray: pip install 'mmcabl[ray]'")
@pytest.mark.skipif('MMCABL_TEST_RAY' not in os.environ, reason='takes minutes; runs with MMCABL_TEST_RAY=1')
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='looks for processes in /proc')
def test_kills_of_actor_and_driver_lose_and_double_nothing(setting, whole, tmp_path):
    out = tmp_path / 'out'
    driver = start(setting, out, tmp_path)
    until(lambda: lines(out) > 1 and scorer_of(driver.pid), driver, tmp_path)
    os.kill(scorer_of(driver.pid), signal.SIGKILL)  # Ray starts another
    finished = len(list(out.glob('scores/*')))
    until(lambda: len(list(out.glob('scores/*'))) > finished, driver, tmp_path)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    assert start(setting, out, tmp_path).wait() == 0, (tmp_path / 'log').read_text()[-3000:]
    ours, plain = tables(out), tables(whole)
    assert [row['index'] for row in ours[0]] == list(range(60))
    assert ours == plain
