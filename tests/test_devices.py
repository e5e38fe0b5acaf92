"""Mixed precision, process groups and batch norms where there is no GPU; choices that depend on the device."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner import runner as runner_module
from torch import distributed, nn

from mmcabl.engine.cpu import distributed as cpu_distributed
from mmcabl.engine.cpu.gathered_batchnorm import GatheredBatchNorm
from mmcabl.models.layers import cabl
from mmcabl.models.localizers.folding import fast_layout

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
def one_process(monkeypatch):
    """A process group of one, made as under a launcher on a machine without a GPU."""
    monkeypatch.setattr(runner_module, 'MMDistributedDataParallel', runner_module.MMDistributedDataParallel)
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setattr(cpu_distributed, 'get_device', lambda: 'cpu')
    monkeypatch.setattr(cpu_distributed, 'init_dist', lambda launcher, backend: distributed.init_process_group(
        backend, rank=0, world_size=1, store=distributed.HashStore()))
    assert cpu_distributed.init_cpu_group(['--launcher', 'pytorch'])
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize('wanted', [True, False])
def test_find_unused_parameters_of_a_config_counts(one_process, wanted):
    cfg = Config.fromfile(str(ROOT / '_base_/default_runtime.py'))
    cfg.merge_from_dict(dict(find_unused_parameters=wanted))  # what --cfg-options does
    runner = SimpleNamespace(distributed=True, cfg=cfg)
    wrapped = Runner.wrap_model(runner, cfg.get('model_wrapper_cfg'), nn.Linear(3, 3))
    assert type(wrapped) is cpu_distributed.AnyDeviceDDP and wrapped.find_unused_parameters is wanted


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
    monkeypatch.setattr(cabl._Recomputed, 'apply', lambda x, function: recomputed.append(x.device.type))
    for device in ('meta', 'cpu'):
        cabl.CABL()(torch.ones(1, 3, 4, 4, device=device, requires_grad=True))
    assert recomputed == ['meta']
