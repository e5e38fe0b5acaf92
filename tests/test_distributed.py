"""Two processes against one, over gloo, with the upstream launchers and without a GPU."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmcabl.engine.cpu.distributed import requested_launcher
from mmcabl.engine.cpu.gathered_batchnorm import GatheredBatchNorm, replace_sync_batchnorm
from mmcabl.engine.scripts.upstream import upstream_script
from mmcabl.records import ResultStore
from mmcabl.registry import MODELS
from tests import warm
from tests.conftest import write_casia
from tests.distributed_runs import CONFIG
from tests.local_slurm import free_port

HELPER = Path(__file__).parent / 'distributed_runs.py'
SIZES = (1, 2, 7, 31)


def launch(*arguments, processes=1):
    """A script in one process, or in several with the environment that torchrun gives."""
    common = {**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''}
    if processes > 1:
        common.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(free_port()), WORLD_SIZE=str(processes),
                      LOCAL_WORLD_SIZE=str(processes))
    ranks = [{**common, **(dict(RANK=str(r), LOCAL_RANK=str(r)) if processes > 1 else {})} for r in range(processes)]
    with ThreadPoolExecutor(processes) as pool:
        done = list(pool.map(lambda env: warm.run([sys.executable, *arguments], env=env, timeout=600), ranks))
    for one in done:
        assert one.returncode == 0, one.stdout[-1500:] + one.stderr[-4000:]
    return ''.join(one.stdout + one.stderr for one in done)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """31 and more images, their two classes in turn as a list, and a model."""
    tmp = tmp_path_factory.mktemp('dist')
    write_casia(tmp / 'data', authentic=16, forged=16, size=64)
    names = [sorted((tmp / 'data/CASIA 2.0' / kind).iterdir()) for kind in ('Tp', 'Au')]
    lines = [str(path.relative_to(tmp / 'data')) for pair in zip(*names) for path in pair]
    (tmp / 'data/list.txt').write_text('\n'.join(lines))
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(str(CONFIG)).model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), tmp / 'model.pth')
    return tmp


def both(root, what, *sizes):
    for processes, launcher in ((1, 'none'), (2, 'pytorch')):
        launch(HELPER, what, root, root, '--launcher', launcher, *sizes, processes=processes)
    found = [json.loads((root / f'{what}-{n}.json').read_text()) for n in (1, 2)]
    assert [f['world'] for f in found] == [1, 2]
    return [f['result'] for f in found]


def test_metrics_do_not_depend_on_the_number_of_processes(root):
    one, two = both(root, 'test', *SIZES)
    for size in map(str, SIZES):
        assert one[size] == pytest.approx(two[size], abs=1e-9, nan_ok=True), size
        assert one[size]['images'] == int(size)
        folders = [next(p for p in (root / f'test-{n}/test{size}/results').iterdir() if p.is_dir()) for n in (1, 2)]
        single, pair = (ResultStore(folder).read() for folder in folders)
        assert len(single) == int(size) and single == pair
        lines = [len(f.read_text().splitlines()) for f in folders[1].glob('images.*.jsonl')]
        assert sum(lines) == int(size) and len(lines) == min(2, int(size))  # no image twice
        assert len(list(folders[1].rglob('*.png'))) == int(size)


def test_two_times_four_images_train_as_eight(root):
    one, two = both(root, 'train')
    assert len(one) == 4 and one == pytest.approx(two, rel=1e-6)
    assert len({round(loss, 6) for loss in one}) == 4  # it does learn


def test_upstreams_train_script_under_torchrun_and_the_scripts_of_mm_users(root, tmp_path):
    options = ['--cfg-options', f'train_dataloader.dataset.data_root={root / "data"}', 'train_cfg.max_epochs=1',
               'train_dataloader.batch_size=4', 'default_hooks.logger.interval=1', 'sync_bn=torch',
               'randomness.diff_rank_seed=True']
    said = launch(upstream_script('mmpretrain', 'train.py'), CONFIG, '--work-dir', tmp_path, '--launcher', 'pytorch',
                  '--auto-scale-lr', *options, processes=2)
    assert (tmp_path / 'epoch_1.pth').is_file() and said.count('][4/4]') == 1
    assert 'Distributed training: True' in said and 'LR is set based on batch size of 8' in said
    state = torch.load(tmp_path / 'epoch_1.pth', map_location='cpu', weights_only=False)['state_dict']
    assert state.keys() == torch.load(root / 'model.pth', weights_only=False)['state_dict'].keys()

    tools = Path(__file__).parents[1] / 'tools'
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONWARNINGS': 'ignore', 'PORT': str(free_port()),
                   'PYTHON': sys.executable, 'CUDA_VISIBLE_DEVICES': ''}

    def bash(*arguments):
        done = subprocess.run(['bash', *map(str, arguments)], capture_output=True, text=True, timeout=600,
                              env=environment)
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]

    options[2] = 'train_cfg.max_epochs=2'
    bash(tools / 'dist_train.sh', CONFIG, 2, '--work-dir', tmp_path, '--resume', 'auto', *options)
    assert torch.load(tmp_path / 'epoch_2.pth', map_location='cpu', weights_only=False)['meta']['iter'] == 8
    bash(tools / 'dist_test.sh', CONFIG, tmp_path / 'epoch_2.pth', 2, '--work-dir', tmp_path / 'test',
         '--cfg-options', f'test_dataloader.dataset.data_root={root / "data"}')
    assert json.loads((tmp_path / 'test/results/summary.json').read_text())['images'] == 32


@pytest.mark.parametrize('line, launcher', [
    (['a.py', '--launcher', 'slurm'], 'slurm'), (['--launcher=pytorch', 'x'], 'pytorch'), (['--launcher'], None),
    (['--launcher', 'none'], None), ([], None), (['--amp'], None),
    (['a.py', '--cfg-options', 'a=[1, -2]', '--launch', 'slurm', '-h'], 'slurm'), (['--launcher', '--amp'], None)])
def test_the_launcher_is_read_from_the_command_line(line, launcher):
    assert requested_launcher(line) == launcher


def test_batch_norms_are_replaced_with_their_tensors():
    norm = nn.SyncBatchNorm(3)
    norm.running_mean.fill_(2)
    model = replace_sync_batchnorm(nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(norm)))
    new = model[1][0]
    assert type(new) is GatheredBatchNorm and new.weight is norm.weight and new.running_mean is norm.running_mean
    x = torch.randn(4, 3, 5, 5)
    plain = nn.BatchNorm2d(3)
    plain.load_state_dict(norm.state_dict())
    for mode in (True, False):
        assert torch.allclose(new.train(mode)(x), plain.train(mode)(x))
    assert torch.allclose(new.running_var, plain.running_var) and new.num_batches_tracked == 1
