"""Mixed precision, process groups and batch norms where there is no GPU; choices that depend on the device."""

import importlib
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner import runner as runner_module
from torch import distributed, nn

from mmcabl.engine.cpu import switched_on
from mmcabl.engine.cpu.distributed import LAUNCHERS, AnyDeviceDDP, join_gloo_group
from mmcabl.engine.cpu.gathered_batchnorm import GatheredBatchNorm
from mmcabl.models.layers import cabl
from mmcabl.models.localizers.folding import fast_layout
from mmcabl.refinement import GrabCutRefiner, cgsr
from tests.local_slurm import free_port

ROOT = Path(__file__).parents[1] / 'configs'


@pytest.mark.parametrize('config', ['mmseg/cabl-seg_conformer-mini_b8-8e_synthetic-160.py',
                                    'quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'])
def test_amp_on_a_cpu_is_bfloat16_in_both_toolboxes(config):
    if 'mmseg' in config:
        pytest.importorskip('mmseg')
    cfg = Config.fromfile(str(ROOT / config))
    init_default_scope(cfg.default_scope)
    cfg.optim_wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')  # what both train.py --amp do
    layer = nn.Linear(3, 3)
    with build_optim_wrapper(layer, cfg.optim_wrapper).optim_context(layer):
        assert layer(torch.randn(2, 3)).dtype == torch.bfloat16


@pytest.fixture
def without_gpu(monkeypatch):
    """As on a machine without a GPU; what importing :mod:`switched_on` and joining a group leave is taken back."""
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cpu')
    monkeypatch.setattr(runner_module, 'MMDistributedDataParallel', MMDistributedDataParallel)
    for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'):
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)
    yield monkeypatch
    if distributed.is_initialized():
        distributed.destroy_process_group()


def under_torchrun(monkeypatch):
    for name, value in dict(RANK=0, LOCAL_RANK=0, WORLD_SIZE=1, MASTER_ADDR='127.0.0.1',
                            MASTER_PORT=free_port()).items():
        monkeypatch.setenv(name, str(value))


@pytest.mark.parametrize('wanted', [True, False])
def test_find_unused_parameters_of_a_config_counts(without_gpu, wanted):
    under_torchrun(without_gpu)
    without_gpu.setattr(sys, 'argv', ['train.py', 'config.py', '--launcher', 'pytorch'])
    importlib.reload(switched_on)
    assert distributed.get_backend() == 'gloo' and distributed.get_world_size() == 1
    cfg = Config.fromfile(str(ROOT / '_base_/default_runtime.py'))
    cfg.merge_from_dict(dict(find_unused_parameters=wanted))  # what --cfg-options does
    runner = SimpleNamespace(distributed=True, cfg=cfg)
    wrapped = Runner.wrap_model(runner, cfg.get('model_wrapper_cfg'), nn.Linear(3, 3))
    assert type(wrapped) is AnyDeviceDDP and wrapped.find_unused_parameters is wanted


@pytest.mark.parametrize('device, arguments', [('cpu', []), ('cpu', ['--launcher', 'none']), ('cpu', ['--launcher']),
                                               ('cuda', ['--launcher', 'pytorch'])])
def test_without_a_launcher_and_with_a_gpu_nothing_is_joined(without_gpu, device, arguments):
    without_gpu.setattr('mmengine.device.get_device', lambda: device)
    without_gpu.setattr(sys, 'argv', ['train.py', 'config.py', *arguments])
    importlib.reload(switched_on)
    assert not distributed.is_initialized() and runner_module.MMDistributedDataParallel is MMDistributedDataParallel


def test_slurms_processes_meet_on_the_first_machine_of_the_job(without_gpu, tmp_path):
    scontrol = tmp_path / 'scontrol'
    scontrol.write_text('#!/bin/sh\necho localhost $1 $2 $3 | tr " " "\\n"\n')
    scontrol.chmod(0o755)
    without_gpu.setenv('PATH', f'{tmp_path}{os.pathsep}{os.environ["PATH"]}')
    for name, value in dict(SLURM_PROCID='0', SLURM_LOCALID='0', SLURM_NTASKS='1', SLURM_NODELIST='node[3-4]',
                            MASTER_PORT=str(free_port())).items():
        without_gpu.setenv(name, value)
    join_gloo_group('slurm')
    assert distributed.get_world_size() == 1 and os.environ['MASTER_ADDR'] == 'localhost'
    assert [os.environ[name] for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE')] == ['0', '0', '1']
    join_gloo_group('slurm')  # is in one


@pytest.mark.parametrize('launcher, missing', [('pytorch', 'RANK, LOCAL_RANK, WORLD_SIZE'),
                                               ('slurm', 'SLURM_PROCID, SLURM_LOCALID, SLURM_NTASKS')])
def test_a_launcher_that_did_not_start_the_process(without_gpu, launcher, missing):
    for name in LAUNCHERS['slurm']:
        without_gpu.delenv(name, raising=False)
    with pytest.raises(ValueError, match=f'--launcher {launcher} was given to .* did not start .{missing} not in'):
        join_gloo_group(launcher)


def test_old_names_in_custom_imports_act_and_warn_once():
    code = '''import warnings
from mmengine.config import Config
from mmengine.registry import OPTIM_WRAPPERS
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    for _ in range(2):
        for name in ('amp', 'distributed'):
            Config.fromstring(f'custom_imports = dict(imports=["mmcabl.engine.cpu_{name}"])', '.py')
print(OPTIM_WRAPPERS.get('AmpOptimWrapper').__name__, *(w.message for w in caught if 'mmcabl' in str(w.message)))'''
    said = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True,
                          env={**os.environ, 'CUDA_VISIBLE_DEVICES': ''}).stdout
    assert said.startswith('CPUAmpOptimWrapper') and said.count('is now') == 2
    assert all(f"'mmcabl.engine.cpu_{name}' in custom_imports is now" in said for name in ('amp', 'distributed'))


@pytest.mark.parametrize('dtype, tolerance', [(torch.bfloat16, 0.02), (torch.float16, 2e-3), (torch.float32, 1e-5),
                                              (torch.float64, 1e-12)])
def test_gathered_batch_norm_of_two_ranks_in_any_type(monkeypatch, dtype, tolerance):
    monkeypatch.setattr(distributed, 'is_initialized', lambda: True)
    monkeypatch.setattr(distributed, 'get_world_size', lambda: 2)
    monkeypatch.setattr('mmcabl.engine.cpu.gathered_batchnorm.all_reduce', lambda x: 2 * x)  # the other has the same
    weights = torch.float64 if dtype == torch.float64 else torch.float32
    found, expected = GatheredBatchNorm(3).to(weights), nn.BatchNorm2d(3).to(weights)
    x = (torch.randn(4, 3, 5, 5) * 3 + 40).to(dtype).requires_grad_()
    out = found(x)
    out.float().square().sum().backward()
    assert out.dtype == x.grad.dtype == dtype and found.weight.grad.dtype == weights
    reference = expected(torch.cat([x, x]).to(weights))[:4]
    assert torch.allclose(out.to(weights), reference, atol=tolerance)
    for name in ('running_mean', 'running_var'):
        assert torch.allclose(getattr(found, name), getattr(expected, name), rtol=1e-5)


def test_only_cpus_get_what_cpus_need(monkeypatch):
    """Neither chunks nor channels-last for any accelerator: 'meta' stands for those that are not CUDA."""
    elsewhere = torch.empty(1, 8, 400, 400, device='meta')
    seen = []
    cabl._chunked(lambda x: seen.append(x.shape) or x, elsewhere)
    assert seen == [elsewhere.shape] and elsewhere.numel() > cabl.CPU_CHUNK
    assert fast_layout(elsewhere).is_contiguous() and not fast_layout(torch.ones(1, 3, 4, 4)).is_contiguous()
    monkeypatch.setattr(torch, 'autocast', lambda *args, **kwargs: torch.enable_grad())  # does not know 'meta'
    recomputed = []
    monkeypatch.setattr(cabl, 'checkpoint', lambda function, x, **_: recomputed.append(x.device.type))
    for device in ('meta', 'cpu'):
        cabl.CABL(norm='mean')(torch.ones(1, 3, 4, 4, device=device, requires_grad=True))
    assert recomputed == ['meta']


def test_a_refiner_is_built_on_the_models_gpu(monkeypatch):
    current, built = [], []
    monkeypatch.setattr(torch.cuda, 'device', lambda device: pushed(current, device))
    monkeypatch.setattr(cgsr.MODELS, 'build', lambda _: built.extend(current) or GrabCutRefiner())
    cgsr.CGSR().batch([np.zeros((9, 9, 3), np.uint8)], [np.eye(9)], device=torch.device('cuda', 1))
    assert built == [torch.device('cuda', 1)] and not current


@contextmanager
def pushed(stack, item):
    yield stack.append(item)
    stack.pop()
