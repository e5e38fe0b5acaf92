"""MVSS-Net and CAT-Net: their public code's numbers, losses, gradients, odd sizes."""

from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample
from torch.nn import functional as F

from mmcabl.conversion import match
from mmcabl.conversion.table1 import CONVERSIONS, convert_system
from mmcabl.models.detectors.supervision import boundary_of, dice_loss
from mmcabl.models.layers import ChannelAttention, PositionAttention, SobelGate
from mmcabl.models.layers.dct_volume import DCTVolume
from mmcabl.registry import MODELS
from tests.conftest import randomise
from tests.golden_weights import GAINS, golden_state


def close(found, expected, tolerance=1e-4):
    expected = torch.as_tensor(expected).float()
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= tolerance * expected.abs().max()


def published(shared, system, name):
    """The whole network with the weights that the references were made with, and the references."""
    with patch('torch.nn.init.kaiming_uniform_'):  # every weight is replaced
        model = MODELS.build(CONVERSIONS[system].model).eval()
    state, _ = convert_system(system, golden_state(shared / f'table1/{name}_keys.json', GAINS[name]))
    report = match(state, model.state_dict())
    assert not report['unused'] and not report['mismatched']
    assert all(key.endswith('num_batches_tracked') for key in report['missing'])
    model.load_state_dict(state, strict=False)
    return model, {key: torch.from_numpy(array) for key, array in np.load(shared / f'table1/{name}.npz').items()}


def record(model, **names):
    found = {}
    for key, name in names.items():
        model.get_submodule(name).register_forward_hook(lambda *a, key=key: found.update({key: a[-1]}))
    return found


@torch.no_grad()
def test_mvss_net_numbers(shared):
    model, numbers = published(shared, 'mvss-net', 'mvss_net')
    found = record(model, bayar='constrained', erb_db_1='edge_head.blocks.0', erb_db_4='edge_head.blocks.3',
                   erb_trans_2='edge_head.joints.1', c4='backbone')
    mean, std = (torch.tensor(x)[:, None, None] for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    image = (numbers['input_uint8'].float() / 255 - mean) / std
    odd = {key: torch.from_numpy(array) for key, array in np.load(shared / 'table1/mvss_net_odd.npz').items()}
    edges, masks = model.logits((odd['input_uint8'].float() / 255 - mean) / std)
    close(edges, odd['edge_logits'])
    close(masks[..., ::2, ::2], odd['mask_logits'])
    edges, masks = model.logits(image)
    close(edges, numbers['edge_logits'])
    close(masks[..., ::2, ::2], numbers['mask_logits'])
    close(found['bayar'][..., ::2, ::2], numbers['bayar'])
    for name in ('erb_db_1', 'erb_db_4', 'erb_trans_2'):
        close(found[name].relu(), numbers[name])
    close(found['c4'][-1][:, :8], numbers['c4_first8'])
    close(found['c4'][-1].mean(1), numbers['c4_channel_mean'])
    score, probability = model.detect(image.flip(1), DataSample())  # what the numbers call RGB the network calls BGR
    close(score, numbers['image_score'][0])
    assert score == probability.max() and torch.equal(probability, masks[0, 0].sigmoid())


@torch.no_grad()
def test_cat_net_numbers(shared):
    model, numbers = published(shared, 'cat-net', 'cat_net')
    assert sum(p.numel() for p in model.parameters()) == 114_263_810
    found = record(model, layer1='backbone.layer1', rgb='backbone.stage4', dc_layer2='dct_stream.blocks',
                   dct='dct_stream.stage4')
    odd = {key: torch.from_numpy(array) for key, array in np.load(shared / 'table1/cat_net_odd.npz').items()}
    image, odd_image = ((x['input_uint8'].float() - 127.5) / 127.5 for x in (numbers, odd))
    close(model.logits(odd_image, odd['input_planes'], odd['input_qtable']), odd['logits'])
    coefficients, table = numbers['input_planes'], numbers['input_qtable']
    close(model.logits(image, coefficients, table), numbers['logits'])
    close(found['layer1'][:, :4, ::2, ::2], numbers['layer1_first4'])
    close(found['rgb'][0][:, :4, ::2, ::2], numbers['rgb_branch0_first4'])
    close(found['dc_layer2'][:, :4], numbers['dc_layer2_first4'])
    close(found['dct'][0][:, :4], numbers['dct_branch0_first4'])
    stem = model.dct_stream.frequencies(coefficients, table)[0, :256]  # (4 * 8 * 8, h, w)
    tail = stem.reshape(4, 8, 8, 16, 16).permute(0, 3, 1, 4, 2).reshape(1, 4, 128, 128)
    close(tail[..., ::2, ::2], numbers['dct_tail'], 2e-3)


@torch.no_grad()
def test_the_dct_stem_is_a_convolution_of_dilation_8():
    stream = randomise(small_cat_net().dct_stream)
    coefficients, table = torch.randint(-25, 25, (2, 24, 40)), torch.randint(1, 99, (2, 8, 8))
    first, norm, relu, *last = stream.stem
    planes = DCTVolume()(coefficients).float()
    wide = F.conv2d(planes, first.weight, first.bias, padding=8, dilation=8)
    expected = torch.nn.Sequential(norm, relu, *last)(wide).reshape(2, 4, 3, 8, 5, 8).permute(0, 1, 3, 5, 2, 4)
    expected = torch.cat([x.flatten(1, 3) for x in (expected, expected * table[:, None, :, :, None, None])], 1)
    close(stream.frequencies(coefficients, table), expected, 1e-5)
    stream.training = True  # all frequencies at once, batch norms still in evaluation
    close(stream.frequencies(coefficients, table), expected, 1e-5)


def test_planes_of_coefficients():
    planes = DCTVolume(clip=3)(torch.tensor([[[0, 1, -1, 2], [-3, 3, 40, -32768]]], dtype=torch.int16))[0]
    assert planes.long().argmax(0).tolist() == [[0, 1, 1, 2], [3, 3, 3, 3]] and (planes.sum(0) == 1).all()


def test_parts_against_their_equations():
    x = torch.randn(2, 16, 5, 6)
    position, channel, gate = PositionAttention(16), ChannelAttention(), SobelGate().eval()
    assert torch.equal(position(x), x) and torch.equal(channel(x), x)  # learnt from 0
    position.alpha.data.fill_(2), channel.beta.data.fill_(3)
    b, c, d = (part(x).flatten(2) for part in (position.query, position.key, position.value))
    seen = (b.transpose(1, 2) @ c).softmax(-1)
    torch.testing.assert_close(position(x), 2 * (d @ seen.transpose(1, 2)).reshape(x.shape) + x, rtol=1e-4, atol=1e-5)
    flat = x.flatten(2)
    least = (-flat @ flat.transpose(1, 2)).softmax(-1)
    torch.testing.assert_close(channel(x), 3 * (least @ flat).reshape(x.shape) + x, rtol=1e-4, atol=1e-4)
    flat = torch.ones(1, 3, 7, 7, requires_grad=True)
    torch.testing.assert_close(gate(flat)[..., 1:-1, 1:-1], torch.full((1, 3, 5, 5), 0.5))  # no edge
    gate(flat).sum().backward()
    assert torch.isfinite(flat.grad).all()
    step = torch.zeros(1, 3, 7, 7)
    step[..., 3:] = 1
    expected = torch.sigmoid(torch.tensor(12 / (1 + 1e-5) ** 0.5))  # 3 channels, Sobel's weights add up to 4
    torch.testing.assert_close(gate(step)[0, 0, 3, 3], expected)


def test_dice_and_boundary():
    truth = torch.zeros(3, 8, 8, dtype=torch.long)
    truth[0, 2:6, 2:6], truth[1, :, :4], truth[1, :, 4:] = 1, 1, 255
    logits = torch.where(truth == 1, 100., -100.)
    logits[1, :, 4:] = 100  # unknown: whatever is said
    use = torch.tensor([True, True, False])
    assert dice_loss(logits, truth, use) == 0 and dice_loss(logits, truth, torch.zeros(3).bool()) == 0
    half = dice_loss(torch.zeros(3, 8, 8), truth, torch.tensor([True, False, False]))
    assert half == pytest.approx(1 - 2 * 16 * 0.5 / (64 * 0.25 + 16))
    edges = boundary_of(truth, (4, 4))
    assert edges[0].tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert edges[1, 0].tolist() == [0, 1, 1, 255] and not edges[2].any()
    whole = boundary_of(truth[:1], (8, 8))[0]
    assert whole.sum() == 36 - 4 and not whole[3:5, 3:5].any() and not whole[0].any()


def small_mvss_net(**options):
    resnet = dict(type='mmcabl.MultiGridResNet', base_channels=4, stem_channels=8)
    return MODELS.build(dict(type='mmcabl.MVSSNet', backbone=resnet, noise_backbone=resnet,
                             edge_head=dict(in_channels=(16, 32, 64, 128)), mask_head=dict(in_channels=256),
                             **options))


def small_cat_net(**options):
    stage = [dict(num_modules=1, num_branches=i, block='BASIC', num_blocks=(1, ) * i, num_channels=(4, 8, 16, 32)[:i])
             for i in (2, 3, 4)]
    first = dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1, ), num_channels=(8, ))
    return MODELS.build(dict(
        type='mmcabl.CATNet', backbone=dict(extra={f'stage{i + 1}': s for i, s in enumerate([first, *stage])}),
        dct_stream=dict(channels=(8, 16, 32), modules=(1, 1), blocks=1),
        head=dict(in_channels=(4, 16, 32, 64), channels=(4, 4, 8, 8), blocks=1), **options))
