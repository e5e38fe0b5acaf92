"""In which type a localizer infers, and the fused layers that it infers with."""

import pytest
import torch
from mmengine.config import Config
from torch import nn
from torch.nn import functional as F

from mmcabl.lab.runs import identity
from mmcabl.models.layers import CABL, amplification
from mmcabl.models.layers import fused as fused_module
from mmcabl.models.layers.fused import fuse_linears, fused
from mmcabl.models.layers.thin_conv import ThinConv2d
from mmcabl.models.localizers import precision
from mmcabl.records.store import fingerprint, inferred_in
from mmcabl.refinement import encoder_options
from tests.conftest import build_backbone, build_localizer


@pytest.mark.parametrize('applies', [True, False])
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_a_fused_convolution_is_what_it_fuses(monkeypatch, layout, applies):
    if not applies:
        monkeypatch.setattr(fused_module, 'applies', lambda *_: False)
    conv, x = nn.Conv2d(5, 6, 3, stride=2, padding=1), torch.randn(2, 5, 9, 7).contiguous(memory_format=layout)
    other = torch.randn(2, 6, 5, 4).contiguous(memory_format=layout)
    with torch.no_grad():
        plain, summed = conv(x), (other + conv(x)).relu()
        assert torch.allclose(fused(conv)(x), plain, atol=1e-6)
        assert torch.allclose(fused(conv, 'relu')(x), plain.relu(), atol=1e-6)
        found = fused(conv, 'relu')(x, other)
    assert torch.allclose(found, summed, atol=1e-6) and torch.equal(found, other)
    assert type(conv) is nn.Conv2d


@pytest.mark.parametrize('channels, side, layout', [
    (1, 3, torch.channels_last), (2, 5, torch.contiguous_format), (9, 3, torch.channels_last),
    (1, 1, torch.channels_last), (1, 2, torch.channels_last)])
def test_a_thin_convolution_is_a_convolution(channels, side, layout):
    conv, x = ThinConv2d(12, channels, side), torch.randn(2, 12, 5, 7).contiguous(memory_format=layout)
    with torch.no_grad():
        found, without = conv(x), conv(x, with_bias=False)
    for one, bias in ((found, conv.bias), (without, None)):
        expected = F.conv2d(x, conv.weight, bias, padding=side // 2)
        assert one.shape == expected.shape and torch.allclose(one, expected, atol=1e-5)
    assert torch.equal(conv(x), F.conv2d(x, conv.weight, conv.bias, padding=side // 2)), 'with a gradient: its own'
    assert ThinConv2d.__mro__[1] is nn.Conv2d and list(conv.state_dict()) == ['weight', 'bias']


@pytest.mark.parametrize('approximate', ['none', 'tanh'])
def test_fused_linear_layers_are_what_they_fuse(approximate):
    network = nn.Sequential(nn.Sequential(nn.Linear(5, 7), nn.GELU(approximate)), nn.Linear(7, 3), nn.ReLU())
    x = torch.randn(2, 4, 5)
    expected = network(x)
    fuse_linears(network)
    kinds = [type(m) for m in network[0]]
    assert kinds == [fused_module.FusedLinear, nn.Identity if approximate == 'none' else nn.GELU]
    with torch.no_grad():
        assert torch.allclose(network(x), expected, atol=1e-6)
    network(x.requires_grad_()).sum().backward()  # by the plain functions
    assert torch.allclose(x.grad, torch.autograd.grad(F.relu(network(x)).sum(), x)[0])


def test_an_output_that_later_blocks_write_over_is_kept():
    backbone, image = build_backbone(out_indices=[2, 3, -1], cabl_on_coupling=True), torch.randn(2, 3, 64, 80)
    with torch.no_grad():
        for one, other in zip(backbone(image), backbone.folded()(image)):
            for a, b in zip(one, other):
                assert (a - b).abs().max() <= 1e-5 * a.abs().max()


@pytest.mark.parametrize('attention', ['none', 'running', 'stored_qk'])
@pytest.mark.parametrize('folds', [True, False])
def test_bfloat16_is_near_float32_and_leaves_the_weights(monkeypatch, attention, folds):
    model, image = build_localizer(attention=attention).eval(), torch.randn(2, 3, 64, 96)
    if not folds:  # as backbones of other kinds
        monkeypatch.delattr(type(model.backbone), 'folded')
    score, expected = model.score_and_map(image)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.precision = 'bfloat16'
    lower, found = model.eval().score_and_map(image)
    assert found.dtype == lower.dtype == torch.float32
    assert 0 < (found - expected).abs().max() <= 0.05 * expected.abs().max()
    assert torch.allclose(lower, score, atol=0.02)
    assert all(v.dtype == before[k].dtype and torch.equal(v, before[k]) for k, v in model.state_dict().items())
    model.precision = 'float32'
    assert torch.equal(model.eval().score_and_map(image)[1], expected)


def test_auto_is_what_the_cpu_has_and_counts_in_fingerprints(monkeypatch):
    model, names = build_localizer(precision='auto').eval(), {}
    for native in (True, False):
        monkeypatch.setattr(precision, 'cpu_has_bfloat16', lambda native=native: native)
        names[inferred_in(model)] = fingerprint(model, 'settings')
    assert set(names) == {'bfloat16', 'float32'} and len(set(names.values())) == 2
    model.precision = 'float32'
    assert fingerprint(model, 'settings') == names['float32']
    assert inferred_in(nn.Linear(1, 1)) == 'float32'
    assert precision.resolved('auto', torch.device('cuda')) == torch.float32
    with pytest.raises(ValueError, match='int4.*accepted are auto, float32, bfloat16, float16, int8'):
        build_localizer(precision='int4')


def test_auto_of_a_refiner_counts_in_fingerprints_and_identities(monkeypatch):
    refiner = dict(type='mmcabl.SAMRefiner', precision='auto')
    model = build_localizer(postprocessor=dict(refiner=refiner)).eval()
    cfg = Config(dict(model=dict(type='mmcabl.X', postprocessor=dict(refiner=refiner))))
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cpu')
    names, types = set(), []
    for native in (True, False):
        monkeypatch.setattr(encoder_options, 'cpu_has_bfloat16', lambda native=native: native)
        names.add(fingerprint(model, 'settings'))
        types.append(identity.test_identity(cfg, '')['model']['postprocessor']['refiner']['precision'])
    assert len(names) == 2 and types == ['torch.bfloat16', 'torch.float32']


def test_compile_compiles_the_edge_layers_of_inference(monkeypatch):
    model, image, seen = build_localizer(compile=True), torch.randn(1, 3, 64, 64), []
    expected = build_localizer().eval()
    expected.load_state_dict(model.state_dict())
    monkeypatch.setattr(torch, 'compile', lambda function, **_: lambda x: seen.append(x.shape) or function(x))
    amplification.compiled.cache_clear()
    found = model.eval().score_and_map(image)[1]
    amplification.compiled.cache_clear()
    assert len(seen) == 6  # blocks
    assert torch.allclose(found, expected.eval().score_and_map(image)[1], rtol=1e-4, atol=1e-5)
    assert not any(m.compiles for m in model.modules() if isinstance(m, CABL))  # training is as ever
