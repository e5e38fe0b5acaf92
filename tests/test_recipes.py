"""docs/recipes.md: EMA and accumulated gradients by mmengine's own parts, and mmpretrain's curves of the losses."""

import json
import runpy
import sys
from pathlib import Path

import mmpretrain
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from tests.conftest import write_casia
from tests.packages import ROOT

CONFIG = ROOT / 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'


def made(tmp_path, **options):
    """A runner for 8 images of 48 px, batches of 2, one epoch: 4 iterations."""
    cfg = Config.fromfile(str(CONFIG))
    cfg.merge_from_dict({
        'train_dataloader.batch_size': 2, 'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False, 'test_dataloader': None, 'test_cfg': None,
        'test_evaluator': None, 'param_scheduler': [], 'train_cfg.max_epochs': 1, 'default_hooks.logger.interval': 1,
        'model.backbone.arch': dict(embed_dims=48, channel_ratio=1, num_heads=3, depths=3),
        'model.head.in_channels': 256, 'model.head.embed_dims': 48, 'randomness.seed': 0, 'log_level': 'ERROR',
        'work_dir': str(tmp_path / 'work'), 'experiment_name': f'recipes-{tmp_path.name}', **options})
    cfg.train_dataloader.dataset.data_root = str(write_casia(tmp_path / 'data'))
    init_default_scope(cfg.default_scope)
    return Runner.from_cfg(cfg)


def test_average_accumulation_and_curves(tmp_path, monkeypatch):
    """Four batches, two a step: two steps; the average follows the weights by ``momentum`` after every batch."""
    hook = dict(type='EMAHook', momentum=0.25, update_buffers=True)
    runner = made(tmp_path, **{'custom_hooks': [hook], 'optim_wrapper.accumulative_counts': 2})
    step, seen = runner.model.train_step, []

    def watched(data, optim_wrapper):
        found = step(data, optim_wrapper)
        seen.append(next(runner.model.parameters()).detach().clone())
        return found

    runner.model.train_step = watched
    first = next(runner.model.parameters()).detach().clone()
    runner.train()
    steps = [not torch.equal(a, b) for a, b in zip([first, *seen], seen)]
    assert steps == [False, True, False, True]
    average = seen[0]  # mmengine begins with a copy at the first update
    for weights in seen[1:]:
        average = torch.lerp(average, weights, 0.25)
    saved = torch.load(Path(runner.work_dir, 'epoch_1.pth'), weights_only=False)
    name = next(iter(dict(runner.model.named_parameters())))
    assert torch.allclose(saved['state_dict'][name], average, atol=1e-7)
    assert torch.equal(saved['ema_state_dict'][f'module.{name}'], seen[-1])

    log = next(Path(runner.work_dir).rglob('scalars.json'))
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(rows) == 4 and {'loss_conv', 'loss_trans'} <= rows[0].keys(), rows[0]
    script = Path(mmpretrain.__file__).parent / '.mim/tools/analysis_tools/analyze_logs.py'
    out = tmp_path / 'curves.png'
    monkeypatch.setenv('MPLBACKEND', 'Agg')
    monkeypatch.setattr(sys, 'argv', ['analyze_logs', 'plot_curve', str(log), '--keys', 'loss_conv', 'loss_trans',
                                      '--out', str(out)])
    runpy.run_path(str(script), run_name='__main__')
    assert out.stat().st_size > 5000
