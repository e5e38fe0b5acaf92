"""Inference in eight bits, and with the folded copy alone: small networks, against float32 and closed forms."""

import copy

import pytest
import torch
from torch import nn

from mmcabl.models.layers import int8
from mmcabl.models.layers.fused import fused
from mmcabl.models.localizers import precision
from mmcabl.utils import cpu_numbers
from tests.conftest import build_localizer

needs_int8 = pytest.mark.skipif(
    not (cpu_numbers.cpu_has_int8() and cpu_numbers.cpu_has_bfloat16() and int8.has_int8_calls()),
    reason='needs a CPU with AVX512-VNNI and AVX512-BF16 and oneDNN')


def test_eight_bits_hold_the_range_and_zero():
    for x in (torch.linspace(-1, 3, 1001), torch.linspace(2, 3, 300000), torch.zeros(5), torch.tensor([-4., -2.])):
        whole, scale, zero = int8.quantized(x)
        back = scale * (whole.float() - zero)
        assert whole.dtype == torch.uint8 and (back - x).abs().max() <= 0.501 * scale
        assert scale == pytest.approx(max((max(float(x.max()), 0) - min(float(x.min()), 0)) / 254, int8.LEAST))
        assert float(scale * (0 - zero)) <= 0 <= float(scale * (255 - zero))


@needs_int8
def test_a_convolution_of_whole_numbers_is_exact():
    """Inputs 0 to 254 and weights -127 to 127 are their own eight bits; sums stay below 2^24."""
    torch.manual_seed(0)
    conv, x = nn.Conv2d(5, 6, 3, stride=2, padding=1), torch.randint(0, 255, (2, 5, 9, 7)).float()
    x[:, 0, 0, 0], x[:, 0, 0, 1] = 0, 254
    conv.weight.data = torch.randint(-127, 128, conv.weight.shape).float()
    conv.weight.data[:, 0, 0, 0] = 127
    other = torch.randint(-99999, 99999, (2, 6, 5, 4)).float().contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        expected, summed = conv(x), (other + conv(x)).relu()
        assert torch.allclose(int8.Int8Conv2d(fused(conv))(x), expected, rtol=1e-5)
        small = int8.Int8Conv2d(fused(conv, 'relu'))
        assert torch.allclose(small(x), expected.relu(), rtol=1e-5)
        found = small(x, other)
    assert torch.allclose(found, summed, rtol=1e-5, atol=0.05) and found is other


@needs_int8
def test_a_linear_layer_in_eight_bits_is_near_and_an_image_knows_no_other():
    torch.manual_seed(0)
    layer, x = fused(nn.Linear(64, 32), 'gelu'), torch.randn(2, 10, 64)
    x[1] *= 50
    with torch.no_grad():
        expected, small = layer(x), int8.Int8Linear(layer)
        assert (small(x) - expected).norm() < 0.02 * expected.norm()
        assert torch.equal(small(x)[:1], small(x[:1]))
        assert small(x * float('nan')).isnan().all()


@needs_int8
def test_int8_is_near_float32_and_leaves_the_weights():
    torch.manual_seed(0)
    model, image = build_localizer().eval(), torch.randn(2, 3, 64, 96)
    score, expected = model.score_and_map(image)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.precision = 'int8'
    lower, found = model.eval().score_and_map(image)
    kinds = {type(m) for m in model.inference_backbone().modules()}
    assert {int8.Int8Conv2d, int8.Int8Linear} <= kinds and str(model.inference_dtype) == 'torch.int8'
    assert 0 < (found - expected).abs().max() <= 0.1 * expected.abs().max()
    assert torch.allclose(lower, score, atol=0.02)
    assert torch.allclose(found[1:], model.score_and_map(image[1:])[1], rtol=1e-3, atol=1e-4)
    assert torch.equal(copy.deepcopy(model).score_and_map(image)[1], found)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_where_int8_is_not_to_be_had_it_is_said(monkeypatch):
    with pytest.raises(ValueError, match='needs a CPU with AVX512-VNNI.*this device is not'):
        precision.resolved('int8', torch.device('cuda'))
    monkeypatch.setattr(precision, 'cpu_has_int8', lambda: False)
    with pytest.raises(ValueError, match='this CPU or torch is not; accepted here are auto'):
        build_localizer(precision='int8')
    with pytest.raises(ValueError, match='needs a backbone that folds'):
        precision.computing_in(torch.int8, torch.device('cpu'))


def test_a_torch_whose_calls_take_other_arguments_has_none(monkeypatch):
    """torch 2.1 has ``bool fp32_output`` where later ones have the type of the result."""
    def older(*_, **__):
        raise TypeError('onednn::qconv2d_pointwise() Expected a value of type bool for argument fp32_output')

    monkeypatch.setattr(int8.Int8Conv2d, '_one', older)
    monkeypatch.setattr(precision, 'cpu_has_int8', lambda: True)
    monkeypatch.setattr(precision, 'cpu_has_bfloat16', lambda: True)
    int8.has_int8_calls.cache_clear()
    try:
        with pytest.raises(ValueError, match="'int8' needs.*which this CPU or torch is not"):
            precision.resolved('int8', torch.device('cpu'))
    finally:
        int8.has_int8_calls.cache_clear()


@pytest.mark.parametrize('said, capabilities', [({'avx512_bf16', 'avx512_vnni'}, None), ({'fpu', 'sse'}, None),
                                                ({'bf16'}, dict(bf16=True, avx512_vnni=False)), (set(), dict(x=1))])
def test_what_a_cpu_has_is_read_from_torch_or_linux(monkeypatch, said, capabilities):
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: capabilities or {}, raising=False)
    monkeypatch.setattr(cpu_numbers.Path, 'read_text', lambda *_, **__: 'flags : ' + ' '.join(said))
    cpu_numbers.instructions.cache_clear()
    try:
        assert cpu_numbers.cpu_has_bfloat16() == bool(said & {'avx512_bf16', 'bf16'})
        assert cpu_numbers.cpu_has_int8() == ('avx512_vnni' in said)
    finally:
        cpu_numbers.instructions.cache_clear()


def test_slim_infers_the_same_and_refuses_all_else():
    model, image = build_localizer(precision='bfloat16').eval(), torch.randn(1, 3, 64, 64)
    expected = model.score_and_map(image)[1]
    held = sum(p.numel() for p in model.backbone.parameters())
    found = model.slim().eval().score_and_map(image)[1]
    assert torch.equal(found, expected)
    assert sum(p.numel() for p in model.backbone.parameters()) < 0.01 * held
    for use in (model.train, model.state_dict, lambda: copy.deepcopy(model),
                lambda: model.double().score_and_map(image)):
        with pytest.raises(RuntimeError, match='slim.. gave the weights'):
            use()
    stock = build_localizer()
    stock.backbone = nn.Sequential(nn.Conv2d(3, 3, 1))
    with pytest.raises(ValueError, match='Sequential does not fold'):
        stock.slim()


def test_a_slim_float32_network_keeps_what_its_copy_shares():
    model, image = build_localizer().eval(), torch.randn(1, 3, 64, 64)
    expected = model.score_and_map(image)[1]
    assert torch.equal(model.slim().score_and_map(image)[1], expected)
    assert sum(p.numel() == 0 for p in model.backbone.parameters()) > 10
