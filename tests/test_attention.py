"""Both propagators against a stack of attention matrices that is really kept."""

import pytest
import torch
from mmpretrain.models.utils import MultiheadAttention
from torch._C import _len_torch_function_stack
from torch.nn.functional import scaled_dot_product_attention

from mmcabl.models.localizers import attention
from mmcabl.models.localizers.attention import METHODS, StoredQK, build_propagator
from mmcabl.models.localizers.class_map import localization_map, unite
from tests.conftest import build_backbone


def stacked_average(backbone, image, maps, blocks=slice(None)):
    """Eq. (2) the plain way: every matrix of every block and head is kept, then those of ``blocks`` averaged."""
    stack, hooks = [], []

    def record(module, args, output):
        batch, tokens, _ = args[0].shape
        qkv = module.qkv(args[0]).reshape(batch, tokens, 3, module.num_heads, -1).permute(2, 0, 3, 1, 4)
        stack.append(torch.softmax(qkv[0] @ qkv[1].transpose(-1, -2) / qkv.size(-1) ** 0.5, -1))

    for layer in backbone.modules():
        if isinstance(layer, MultiheadAttention):
            hooks.append(layer.register_forward_hook(record))
    backbone(image)
    for hook in hooks:
        hook.remove()
    patches = torch.stack(stack)[blocks].mean((0, 2))[:, 1:, 1:]
    return (patches @ maps.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(maps.shape)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('rows, onednn_from', [(7, 1), (64, 1024)])
def test_equals_the_kept_stack(monkeypatch, method, rows, onednn_from):
    monkeypatch.setattr(attention, 'ROWS', rows)
    monkeypatch.setattr(attention, 'ONEDNN_MIN_TOKENS', onednn_from)
    backbone, image = build_backbone(), torch.randn(2, 3, 64, 96)
    maps = torch.randn(2, 20, 4, 6)  # 20 maps: more than a head is wide
    propagator = build_propagator(method, 24, torch.device('cpu'))
    with torch.no_grad():
        plain = backbone(image)[-1]
        with propagator.attach(backbone):
            recorded = backbone(image)[-1]
        expected, found = stacked_average(backbone, image, maps), propagator.propagate(maps)
    assert propagator.blocks == 6
    assert torch.allclose(found, expected, atol=1e-5)
    for a, b in zip(plain, recorded):
        assert torch.allclose(a, b, atol=1e-4)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('named, blocks', [('all', slice(None)), ('6', [5]), ([2, 3], [1, 2])])
def test_residual_and_chosen_blocks(method, named, blocks):
    backbone, image, maps = build_backbone(), torch.randn(2, 3, 64, 96), torch.randn(2, 1, 4, 6)
    propagator = build_propagator(method, 24, torch.device('cpu'), residual=0.5, blocks=named)
    with torch.no_grad():
        plain = backbone(image)[-1][1]
        with propagator.attach(backbone):
            recorded = backbone(image)[-1][1]
        expected = (stacked_average(backbone, image, maps, blocks) + 0.5 * maps) / 1.5
    assert torch.allclose(propagator.propagate(maps), expected, atol=1e-5)
    assert torch.allclose(plain, recorded, atol=1e-4)
    with pytest.raises(ValueError, match=r"attention_blocks='7'.*1 to 6"):
        build_propagator(method, 24, torch.device('cpu'), blocks='7').attach(backbone)


def test_uniform_attention_leaves_a_map_only_with_a_residual():
    backbone, maps = build_backbone(), torch.randn(1, 1, 4, 6)
    for layer in backbone.modules():
        if isinstance(layer, MultiheadAttention):
            torch.nn.init.zeros_(layer.qkv.weight)
            torch.nn.init.zeros_(layer.qkv.bias)
    for residual, left in ((0., 0.), (1., 1.)):
        propagator = build_propagator('running', 24, 'cpu', residual)
        with torch.no_grad(), propagator.attach(backbone):
            backbone(torch.randn(1, 3, 64, 96))
        found = propagator.propagate(maps)
        assert torch.allclose(found - found.mean(), left / 2 * (maps - maps.mean()), atol=1e-6)


def test_no_layer_is_changed_and_an_error_ends_it_all():
    backbone = build_backbone()
    layers = [m for m in backbone.modules() if isinstance(m, MultiheadAttention)]
    before = [(dict(vars(m)), m.scaled_dot_product_attention) for m in layers]
    seen = []

    def break_off(layer, args):
        seen.append(_len_torch_function_stack())
        raise ZeroDivisionError

    layers[3].proj.register_forward_pre_hook(break_off)
    propagator = StoredQK()
    with pytest.raises(ZeroDivisionError), propagator.attach(backbone):
        backbone(torch.randn(1, 3, 64, 64))
    assert seen == [1] and _len_torch_function_stack() == 0 and propagator.blocks == 4
    assert [(vars(m), m.scaled_dot_product_attention) for m in layers] == before
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in layers)


def test_only_the_backbones_own_layers_are_recorded():
    backbone, propagator, q = build_backbone(), StoredQK(), torch.randn(1, 1, 5, 4)
    with torch.no_grad(), propagator.attach(backbone):
        scaled_dot_product_attention(q, q, q)
        build_backbone()(torch.randn(1, 3, 64, 64))
        assert propagator.blocks == 0
        backbone(torch.randn(1, 3, 64, 64))
    assert propagator.blocks == 6


def test_a_constant_map_stays_nearly_constant_and_order_is_kept():
    backbone, propagator = build_backbone(), build_propagator('running', 16, 'cpu')
    with torch.no_grad(), propagator.attach(backbone):
        backbone(torch.randn(1, 3, 64, 64))
    ones = propagator.propagate(torch.ones(1, 1, 4, 4))
    assert ones.min() > 0 and ones.max() <= 1 + 1e-5  # rows sum to 1 with the class token's column
    low, high = torch.zeros(1, 1, 4, 4), torch.rand(1, 1, 4, 4)
    assert (propagator.propagate(high) >= propagator.propagate(low)).all()


def test_unions():
    conv, trans = torch.randn(2, 1, 2, 3), torch.randn(2, 1, 4, 6)
    up = torch.nn.functional.interpolate(conv, size=(4, 6), mode='bilinear')
    assert torch.equal(unite(dict(conv=conv, trans=trans)), torch.maximum(up, trans))
    assert torch.allclose(unite(dict(conv=conv, trans=trans), 'sum'), up + trans)
    assert torch.equal(unite(dict(conv=conv, trans=trans), 'conv'), up)
    assert torch.equal(unite(dict(conv=conv, trans=trans), 'trans'), trans)
    assert torch.equal(localization_map(dict(conv=conv)), conv)
    with pytest.raises(ValueError, match="union='trans'.*conv"):
        unite(dict(conv=conv), 'trans')
    with pytest.raises(ValueError, match="'product'.*max, sum"):
        unite(dict(conv=conv), 'product')


def test_auto_and_bad_input():
    assert type(build_propagator('auto', 2304, 'cpu')) is METHODS['running']
    assert type(build_propagator('auto', 9000, 'cpu')) is METHODS['stored_qk']
    assert type(build_propagator('auto', 100, 'cuda')) is METHODS['stored_qk']
    with pytest.raises(ValueError, match="'flash'.*auto"):
        build_propagator('flash', 1, 'cpu')
    with pytest.raises(RuntimeError, match='No attention was recorded'):
        StoredQK().propagate(torch.zeros(1, 1, 2, 2))
    backbone, propagator = build_backbone(), StoredQK()
    with torch.no_grad(), propagator.attach(backbone):
        backbone(torch.randn(1, 3, 64, 64))
    with pytest.raises(ValueError, match='25 positions.*17 tokens'):
        propagator.propagate(torch.zeros(1, 1, 5, 5))
