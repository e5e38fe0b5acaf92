"""A weakly supervised comparison system through mmpretrain's unmodified train.py and test.py; published names."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper

from mmcabl.conversion.table1 import CONVERSIONS, convert_system
from mmcabl.engine.scripts.upstream import upstream_script
from mmcabl.lab.tables.rehearsal import make_sets
from mmcabl.registry import MODELS, TRANSFORMS
from tests import warm
from tests.golden_weights import golden_state

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / 'configs/table1/stage-net-wscl_r50-mini_b8-4e_synthetic-160.py'
CONVERTER = ROOT / 'tools/model_converters/table1_to_mmcabl.py'
KEYS = {'wscl': 'wscl_mil_fcn_resnet50', 'mil-fcn': 'wscl_mil_fcn_resnet50', 'stage-net': 'araslanov_roth_resnet50'}


def run(script, *arguments, cwd, options=()):
    done = warm.run([sys.executable, str(upstream_script('mmpretrain', script)), str(CONFIG), *arguments,
                     '--cfg-options', *options], cwd=cwd, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def test_the_composed_system_trains_and_is_tested_on_four_sets(tmp_path):
    pytest.importorskip('skimage')
    data = make_sets(tmp_path / 'work_dirs/tables/data', 8, 2)
    work = tmp_path / 'work'
    run('train.py', '--work-dir', str(work), cwd=tmp_path, options=[
        f'train_dataloader.dataset.data_root={data / "CASIAv2"}', 'train_dataloader.batch_size=4',
        'train_cfg.max_epochs=2', 'default_hooks.logger.interval=1'])
    rows = [json.loads(line) for log in work.glob('*/vis_data/scalars.json') for line in log.read_text().splitlines()]
    assert [row['epoch'] for row in rows] == [1, 1, 2, 2] and all(0 < row['loss'] < 20 for row in rows)
    # the losses are told the epoch: no pseudo masks in the first, the ramp rises from exp(-5) to exp(-5 / 4)
    assert ['bayar.loss_mask' in row for row in rows] == [False, False, True, True]
    assert rows[2]['loss_multi_source'] > 5 * rows[0]['loss_multi_source'] > 0
    out = tmp_path / 'metrics.json'
    run('test.py', str(work / 'epoch_2.pth'), '--out', str(out), '--out-item', 'metrics', '--work-dir',
        str(tmp_path / 'test'), cwd=tmp_path, options=['default_hooks.overlays.max_images=0'])
    metrics = json.loads(out.read_text())
    for name in ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020'):
        assert metrics[f'{name}/images'] == 2 and 0 <= metrics[f'{name}/i_auc'] <= 1
        assert 0 <= metrics[f'{name}/p_f1_box'] <= 1 and 0 <= metrics[f'{name}/p_f1_null'] <= 1


@pytest.mark.parametrize('system', ['mil-fcn', 'stage-net'])
def test_published_names_convert_with_a_report(system, shared, tmp_path):
    source, target = tmp_path / 'published.pth', tmp_path / 'ours.safetensors'
    state = golden_state(shared / f'table1/{KEYS[system]}_keys.json')
    wanted = {k: v for k, v in state.items() if not system.startswith('mil') or '.rgb.' in k}
    torch.save(dict(model={f'module.{k}': v for k, v in wanted.items()}, epoch=3), source)
    done = warm.run([sys.executable, str(CONVERTER), system, str(source), str(target)], timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'mismatched: 0' in done.stdout and 'unused: 0' in done.stdout
    assert target.is_file() and 'Wrote' in done.stdout
    del wanted[next(k for k in wanted if k.endswith('layer3.1.conv2.weight'))]
    torch.save(wanted, source)
    refused = warm.run([sys.executable, str(CONVERTER), system, str(source), str(tmp_path / 'x.pth')], timeout=600)
    assert refused.returncode and 'layer3.1.conv2.weight' in refused.stderr and not (tmp_path / 'x.pth').exists()


def test_every_published_name_has_a_place(shared):
    """Names and shapes of the whole WSCL checkpoint, and of the ResNet that it starts from."""
    keys = json.loads((shared / 'table1/wscl_mil_fcn_resnet50_keys.json').read_text())
    state = {name: torch.empty(shape, device='meta') for name, shape, _ in keys}
    renamed, dropped = convert_system('wscl', state)
    target = MODELS.build(CONVERSIONS['wscl'].model).state_dict()
    assert renamed.keys() == target.keys() and len(dropped) == 3 * 168 + 2
    assert all(renamed[name].shape == target[name].shape for name in target)
    prefix = 'sub_models.rgb.encoder.'
    start = {name[len(prefix):]: value for name, value in state.items() if name.startswith(prefix)}
    start = {name: value for name, value in start.items() if 'running_iter' not in name and '_tmp_' not in name}
    renamed, dropped = convert_system('resnet50-csail', {**start, 'fc.weight': torch.empty(1000, 2048)})
    assert dropped == ['fc.weight']
    assert renamed.keys() == MODELS.build(CONVERSIONS['resnet50-csail'].model).state_dict().keys()


@pytest.mark.parametrize('shape', [(1, 1), (31, 700), (300, 200), (1200, 40)])
@pytest.mark.parametrize('name, size', [('mil-fcn-wscl_r50_b36-60e_casiav2-224', 224),
                                        ('stage-net_r50_b16-20e_casiav2-448', 448)])
def test_the_training_pipelines_take_any_image(tmp_path, name, size, shape):
    cfg = Config.fromfile(str(ROOT / f'configs/table1/{name}.py'))
    path = tmp_path / 'odd.png'
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    with TRANSFORMS.switch_scope_and_registry('mmpretrain') as registry:
        steps = [registry.build(dict(step)) for step in cfg.train_dataloader.dataset.pipeline]
    for _ in range(3):
        results = dict(img_path=str(path), gt_label=0, sample_idx=0)
        for step in steps:
            results = step(results)
        assert results['inputs'].shape == (3, size, size) and results['inputs'].dtype == torch.uint8


def test_the_recipes_are_the_papers():
    wscl, stage = (Config.fromfile(str(ROOT / f'configs/table1/{name}.py')) for name in (
        'mil-fcn-wscl_r50_b36-60e_casiav2-224', 'stage-net_r50_b16-20e_casiav2-448'))
    assert wscl.optim_wrapper.optimizer == dict(type='AdamW', lr=1e-4, weight_decay=5e-4)
    assert (wscl.train_cfg.max_epochs, wscl.train_dataloader.batch_size) == (60, 36)
    assert wscl.model.weights == dict(rgb=1, srm=2, bayar=2)
    assert (wscl.model.multi_source, wscl.model.inter_patch, wscl.model.steepness) == (0.1, 0.1, 5)
    assert (stage.train_cfg.max_epochs, stage.train_dataloader.batch_size) == (20, 16)
    stage.model.backbone.init_cfg = None
    wrapper = build_optim_wrapper(MODELS.build(stage.model), stage.optim_wrapper)
    rates = {(group['lr'], group['weight_decay']) for group in wrapper.optimizer.param_groups}
    assert rates == {(5e-4, 5e-4), (5e-3, 5e-4), (5e-3, 0)}  # pretrained, new, biases of what is new
    undecayed = [group for group in wrapper.optimizer.param_groups if group['weight_decay'] == 0]
    assert sum(len(group['params']) for group in undecayed) == 12 + 1  # the new batch norms, the classifier
