"""Layers of ManTra-Net and GSR-Net: SRM, recurrences, deviations, mirrored borders, TensorFlow 1's resizing."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmcabl.datasets import RandomCropWithTruth
from mmcabl.models.layers.conv_lstm import ConvGRU2d, ConvLSTM2d, hard_sigmoid
from mmcabl.models.layers.padding import symmetric_pad
from mmcabl.models.layers.srm import SRMConv2d
from mmcabl.models.layers.tf1 import max_pool_same, resize_bilinear
from mmcabl.models.layers.upsampled_conv import UpsampledConv2d
from mmcabl.models.layers.window_deviation import WindowDeviation, window_mean
from mmcabl.registry import MODELS


def test_srm_banks_are_the_published_kernels(shared):
    layer = MODELS.build(dict(type='mmcabl.SRMConv2d'))
    assert torch.equal(layer.weight, torch.from_numpy(np.load(shared / 'table1/mantra_net.npz')['srm_weight']))
    assert 'weight' in layer.state_dict() and not list(layer.parameters())
    x = torch.randn(2, 3, 9, 11)
    planes, summed = layer(x), SRMConv2d('sum')(x)
    torch.testing.assert_close(planes.reshape(2, 3, 3, 9, 11).sum(2), summed)


def test_srm_is_blind_to_content_that_its_kernels_predict():
    ramp = torch.arange(12.).expand(1, 3, 12, 12) * 3 + 40
    inside = SRMConv2d(padding=0)(ramp)
    assert inside.shape == (1, 9, 8, 8) and inside.abs().max() < 1e-4
    assert SRMConv2d(padding_mode='replicate')(torch.full((1, 3, 6, 6), 9.)).abs().max() < 1e-5
    spot = torch.zeros(1, 3, 5, 5)
    spot[..., 2, 2] = 100
    assert SRMConv2d(clip=2)(spot).abs().max() == 2 and SRMConv2d(clip=0)(spot).abs().max() == 100


@pytest.mark.parametrize('options', [dict(bank='nine'), dict(clip=-1)])
def test_srm_says_what_it_accepts(options):
    with pytest.raises(ValueError, match='accepted are'):
        SRMConv2d(**options)


@pytest.mark.parametrize('shape, padding', [((1, 1), (2, 2, 2, 2)), ((3, 2), (5, 4, 7, 1)), ((6, 9), (0, 0, 3, 0))])
def test_mirrored_borders_are_numpys(shape, padding):
    x = torch.arange(float(np.prod(shape))).reshape(1, 1, *shape)
    left, right, top, bottom = padding
    expected = np.pad(x.numpy(), ((0, 0), (0, 0), (top, bottom), (left, right)), 'symmetric')
    assert np.array_equal(symmetric_pad(x, padding).numpy(), expected)


def scalar_lstm(w, b, sequence):
    """One pixel, one channel, kernels of one tap."""
    h = c = 0.
    for x in sequence:
        i, f, g, o = (w[k][0] * x + w[k][1] * h + b[k] for k in range(4))
        c = np.clip(0.2 * f + 0.5, 0, 1) * c + np.clip(0.2 * i + 0.5, 0, 1) * np.tanh(g)
        h = np.clip(0.2 * o + 0.5, 0, 1) * np.tanh(c)
    return h


def scalar_gru(w, b, sequence):
    h = 0.
    for x in sequence:
        r, u = (np.clip(0.2 * (w[k][0] * x + w[k][1] * h + b[k]) + 0.5, 0, 1) for k in range(2))
        h = (1 - u) * h + u * np.tanh(w[2][0] * x + w[2][1] * r * h + b[2])
    return h


@torch.no_grad()
def test_recurrences_in_closed_form():
    w, b = torch.randn(4, 2, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    sequence = [1.3, -0.4, 2.2]
    maps = [torch.full((1, 1, 1, 1), x, dtype=torch.float64) for x in sequence]
    lstm, gru = (kind(1, 1, kernel_size=1).double() for kind in (ConvLSTM2d, ConvGRU2d))
    assert lstm.conv.bias.tolist() == [0, 1, 0, 0]  # the forget gate
    lstm.conv.weight.copy_(w[..., None, None])
    lstm.conv.bias.copy_(b)
    gru.gates.weight.copy_(w[:2, :, None, None])
    gru.gates.bias.copy_(b[:2])
    gru.candidate.weight.copy_(w[2:3, :, None, None])
    gru.candidate.bias.copy_(b[2:3])
    assert float(lstm(maps)) == pytest.approx(scalar_lstm(w.numpy(), b.numpy(), sequence), abs=1e-12)
    assert float(gru(iter(maps))) == pytest.approx(scalar_gru(w.numpy(), b.numpy(), sequence), abs=1e-12)


def test_recurrences_say_what_they_need():
    assert hard_sigmoid(torch.tensor([-3., 0, 1, 3])).tolist() == pytest.approx([0, 0.5, 0.7, 1])
    with pytest.raises(ValueError, match='odd'):
        ConvLSTM2d(1, 1, 4)
    with pytest.raises(ValueError, match='empty'):
        ConvGRU2d(1, 1)([])


@pytest.mark.parametrize('shape', [(1, 1), (4, 9), (12, 7)])
def test_deviations_are_those_of_windows(shape):
    x = torch.randn(2, 3, *shape, dtype=torch.float64)
    layer = WindowDeviation(3, (3, 7), eps=1e-6, min_sigma=0.2).double()
    *local, whole = layer(x)
    sigma = x.std((2, 3), correction=0, keepdim=True).clamp(min=0.2 + 1e-6)
    torch.testing.assert_close(whole, (x - x.mean((2, 3), keepdim=True)).abs() / sigma)
    for size, found in zip((3, 7), local):
        for row, column in ((0, 0), (shape[0] - 1, shape[1] // 2)):
            h = size // 2
            window = x[..., max(0, row - h):row + h + 1, max(0, column - h):column + h + 1]
            expected = (window.mean((2, 3)) - x[..., row, column]).abs() / sigma[..., 0, 0]
            torch.testing.assert_close(found[..., row, column], expected)
    torch.testing.assert_close(window_mean(x.flip(-1), 3).flip(-1), window_mean(x, 3))


@pytest.mark.parametrize('min_sigma', [-1., 0.])
def test_deviations_of_an_even_image_are_nothing_and_have_gradients(min_sigma):
    x = torch.full((1, 2, 5, 6), 3., requires_grad=True)
    layer = WindowDeviation(2, min_sigma=min_sigma)
    total = sum(z.sum() for z in layer(x))
    total.backward()
    assert total == 0 and torch.isfinite(x.grad).all() and torch.isfinite(layer.min_sigma.grad).all()
    with pytest.raises(ValueError, match='odd'):
        WindowDeviation(2, (7, 8))


def test_resizing_of_tensorflow_1_by_hand():
    x = torch.tensor([[[[0., 4], [8, 16]]]])
    assert resize_bilinear(x, (2, 4))[0, 0].tolist() == [[0, 2, 4, 4], [8, 12, 16, 16]]
    assert resize_bilinear(x, (3, 2))[0, 0, :, 0].tolist() == pytest.approx([0, 16 / 3, 8])
    assert resize_bilinear(torch.arange(9.).view(1, 1, 1, 9), (1, 3))[0, 0, 0].tolist() == [0, 3, 6]
    assert resize_bilinear(x, (2, 2)) is x and resize_bilinear(x[..., :1, :1], (3, 5)).unique().tolist() == [0]


@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('shape', [(1, 2), (3, 8), (7, 5)])
def test_pooling_pads_as_tensorflow(stride, shape):
    x = torch.randn(1, 2, *shape) - 5
    total = [max((-(-n // stride) - 1) * stride + 3 - n, 0) for n in shape]
    (top, bottom), (left, right) = ((t // 2, t - t // 2) for t in total)
    expected = F.max_pool2d(F.pad(x, (left, right, top, bottom), value=-torch.inf), 3, stride)
    assert torch.equal(max_pool_same(x, stride), expected)
    with pytest.raises(ValueError, match='accepted are 1 and 2'):
        max_pool_same(x, 3)


@pytest.mark.parametrize('size', [None, (9, 14)])
def test_an_upsampled_convolution_is_one_of_upsampled_maps(size):
    layer = UpsampledConv2d((2, 3), 2).double()
    maps = [torch.randn(2, 2, 5, 7, dtype=torch.float64), torch.randn(2, 3, 3, 4, dtype=torch.float64)]
    shape = size or (5, 7)
    whole = torch.cat([resize_bilinear(x, shape) for x in maps], 1)
    torch.testing.assert_close(layer(maps, size), F.conv2d(F.pad(whole, (1, 2, 1, 2)), layer.weight))


@pytest.mark.parametrize('mode', ['symmetric', 'constant'])
def test_truth_is_cropped_with_its_image(mode):
    image = np.arange(30, dtype=np.uint8).reshape(5, 6)
    crop = RandomCropWithTruth((4, 9), pad_if_needed=True, padding_mode=mode)
    found = crop(dict(img=np.dstack([image] * 3), gt_seg_map=image % 2))
    assert found['img'].shape == (4, 9, 3) == found['img_shape'] and found['gt_seg_map'].dtype == np.uint8
    known = found['gt_seg_map'] != 255
    assert (found['gt_seg_map'][known] == found['img'][..., 0][known] % 2).all()
    assert known.all() == (mode == 'symmetric') and (found['img'][~known] == 0).all()
    kept = crop(dict(img=np.dstack([image] * 3), gt_seg_map=np.full_like(image, 255)))
    assert (kept['gt_seg_map'] == 255).all() and 'gt_seg_map' not in crop(dict(img=np.dstack([image] * 3)))
