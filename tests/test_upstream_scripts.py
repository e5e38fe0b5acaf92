"""mmpretrain's unmodified train.py and test.py run the whole method."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from mmcabl.engine.scripts.upstream import arguments_for, toolbox_of, upstream_script
from tests import warm
from tests.conftest import write_casia
from tests.packages import build, copy_tree

CONFIG = Path(__file__).parents[1] / 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'


def command(script, *arguments, root, work_dir, options=()):
    return [sys.executable, str(upstream_script('mmpretrain', script)), str(CONFIG), *arguments,
            '--work-dir', str(work_dir), '--cfg-options', 'train_cfg.max_epochs=2', 'default_hooks.logger.interval=1',
            f'train_dataloader.dataset.data_root={root}', f'test_dataloader.dataset.data_root={root}',
            'train_dataloader.batch_size=4', 'model.attention=auto', *options]


def run(*args, **kwargs):
    done = warm.run(command(*args, **kwargs), timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def losses(work_dir):
    """(epoch, step, loss) of every training step, from mmengine's own JSON logs."""
    rows = []
    for log in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        rows += [json.loads(line) for line in log.read_text().splitlines()]
    return [(r['epoch'], r['step'], r['loss']) for r in rows if 'loss' in r]


@pytest.mark.parametrize('given, for_mmseg', [
    ('c.py --resume auto --amp', 'c.py --amp --resume'), ('--resume=auto c.py', 'c.py --resume'),
    ('--resume c.py', '--resume c.py'), ('c.py --resume', 'c.py --resume'),  # mmseg's own
    ('c.py --cfg-options a=-1 b=auto --resume auto', 'c.py --cfg-options a=-1 b=auto --resume'),
    ('c.py --cfg-options resume auto', 'c.py --cfg-options resume auto'),
    ('c.py --resume x.pth', 'c.py --resume x.pth')])
def test_resume_auto_is_resume_in_mmseg(given, for_mmseg):
    assert arguments_for('mmseg', given.split()) == for_mmseg.split()
    assert arguments_for('mmpretrain', given.split()) == given.split()


def test_the_toolbox_is_that_of_the_config_wherever_it_stands(tmp_path):
    config = tmp_path / 'c.py'
    config.write_text("default_scope = 'mmseg'")
    assert toolbox_of(['--work-dir', 'x', '--resume', str(config), '--amp']) == 'mmseg'
    assert toolbox_of(['--help']) == toolbox_of(['gone.py']) == 'mmpretrain'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A data set with a few hostile files, and a finished training on it."""
    root = tmp_path_factory.mktemp('set')
    write_casia(root, authentic=6, forged=6)
    (root / 'CASIA 2.0/Au/Au_zero.jpg').touch()
    work_dir = tmp_path_factory.mktemp('work')
    output = run('train.py', root=root, work_dir=work_dir)
    return root, work_dir, output


def test_train_logs_finite_losses_and_survives_an_unreadable_file(trained):
    root, work_dir, output = trained
    found = losses(work_dir)
    assert {epoch for epoch, _, _ in found} == {1, 2} and all(0 < loss < 20 for _, _, loss in found)
    assert 'Au_zero.jpg is empty (0 bytes). It is left out.' in output
    assert (work_dir / 'epoch_2.pth').is_file()


def test_masks_do_not_enter_training(trained, tmp_path):
    root, work_dir, _ = trained
    blind = tmp_path / 'blind'
    shutil.copytree(root, blind)
    shutil.rmtree(blind / 'CASIA 2 Groundtruth')
    run('train.py', root=blind, work_dir=tmp_path / 'work')
    assert losses(tmp_path / 'work') == losses(work_dir)


def test_test_reports_metrics_and_writes_overlays(trained, tmp_path):
    root, work_dir, _ = trained
    out = tmp_path / 'metrics.json'
    output = run('test.py', str(work_dir / 'epoch_2.pth'), '--out', str(out), '--out-item', 'metrics', root=root,
                 work_dir=tmp_path / 'test', options=['visualizer.type=mmcabl.ForensicVisualizer'])
    metrics = json.loads(out.read_text())
    assert metrics['images'] == 12 and metrics['manipulated'] == 6 and metrics['masks'] == 6
    assert 0 <= metrics['i_auc'] <= 1
    for kind in ('null', 'point', 'box', 'box_point', 'all_ones', 'random'):
        assert 0 <= metrics[f'p_f1_{kind}'] <= 1
    area = 22 * 26 / 48 ** 2
    assert metrics['p_f1_all_ones'] == pytest.approx(2 * area / (1 + area))
    assert '1 of 13 images could not be read' in output
    overlays = [p.stem for p in (tmp_path / 'test' / 'overlays').glob('CASIAv2_Tp_*.png')]
    assert len(overlays) == 6
    shown = {p.name for p in (tmp_path / 'test').glob('*/vis_data/vis_image/*.png')}  # by LocalVisBackend
    assert shown >= {f'{name}_0.png' for name in overlays}


def test_resume_after_a_kill_in_mid_epoch(trained, tmp_path):
    root, work_dir, _ = trained
    slow = ['train_cfg.max_epochs=3', 'train_dataloader.batch_size=1']
    process = warm.start(command('train.py', root=root, work_dir=tmp_path, options=slow))
    while not [r for r in losses(tmp_path) if r[0] == 2] and process.is_alive():
        time.sleep(0.02)
    warm.kill(process)
    assert (tmp_path / 'epoch_1.pth').is_file() and not (tmp_path / 'epoch_3.pth').is_file()
    last = re.search(r'epoch_(\d)', (tmp_path / 'last_checkpoint').read_text()).group(1)
    output = run('train.py', '--resume', 'auto', root=root, work_dir=tmp_path, options=slow)
    assert f'resumed epoch: {last}' in output
    steps = {(epoch, step) for epoch, step, _ in losses(tmp_path)}
    assert {epoch for epoch, _ in steps} == {1, 2, 3} and max(step for _, step in steps) == 39
    assert (tmp_path / 'epoch_3.pth').is_file()


def test_amp_of_the_upstream_script(trained, tmp_path):
    root, work_dir, _ = trained
    run('train.py', '--amp', root=root, work_dir=tmp_path)
    mixed, full = losses(tmp_path), losses(work_dir)
    assert [r[:2] for r in mixed] == [r[:2] for r in full]
    assert mixed != full and all(abs(a[2] - b[2]) < 0.5 for a, b in zip(mixed, full))


def mim(*arguments, run=warm.run, **kwargs):
    """The command starts the toolbox's script in a fresh process."""
    script = kwargs['cwd'] / 'run_mim.py'  # not mim.py, which would be imported in mim's place
    script.write_text('from mim.cli import cli; cli()')
    done = run([sys.executable, script, *arguments], timeout=600, **kwargs)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_mim_trains_and_tests_the_installed_package(trained, tmp_path):
    pytest.importorskip('mim', reason='the mim command is not installed')
    root, work_dir, _ = trained
    installed = tmp_path / 'site'
    wheel, _ = build('wheel', copy_tree(tmp_path / 'tree'), tmp_path)
    subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-index', '--target',
                    str(installed), str(wheel)], check=True)
    assert not (installed / 'mmcabl/.mim/configs').is_symlink()
    arguments = command('train.py', root=root, work_dir=tmp_path)[3:]  # what follows the config
    here = dict(cwd=tmp_path, env={**os.environ, 'PYTHONPATH': str(installed)})
    # by name: mim looks the config up inside the package
    mim('train', 'mmcabl', CONFIG.name, '--launcher', 'none', '--gpus', '0', *arguments, **here)
    assert losses(tmp_path) == losses(work_dir)
    mim('test', 'mmcabl', CONFIG.name, '--checkpoint', str(tmp_path / 'epoch_2.pth'), '--launcher', 'none',
        '--gpus', '0', *arguments, **here)
    assert (tmp_path / 'overlays').is_dir()


def test_mim_works_on_an_editable_install_with_the_configs_path(trained, tmp_path):
    pytest.importorskip('mim', reason='the mim command is not installed')
    root, work_dir, _ = trained
    arguments = command('train.py', root=root, work_dir=tmp_path)[3:]
    # a warm process has the repository on its path, where mim would take what building left for an install
    mim('train', 'mmcabl', str(CONFIG), '--launcher', 'none', '--gpus', '0', *arguments, cwd=tmp_path,
        run=partial(subprocess.run, capture_output=True, text=True))
    assert losses(tmp_path) == losses(work_dir)
