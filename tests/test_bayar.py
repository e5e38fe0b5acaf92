"""The constrained convolution against its equation and two public implementations' numbers."""

import numpy as np
import pytest
import torch

from mmcabl.models.layers import BayarConv2d
from mmcabl.registry import MODELS


@pytest.fixture
def layer():
    return MODELS.build(dict(type='mmcabl.BayarConv2d', in_channels=2, out_channels=3, padding=2))


def test_the_constraint(layer):
    kernel = layer.constrained_weight()
    assert (kernel[:, :, 2, 2] == -1).all()
    torch.testing.assert_close(kernel.sum((2, 3)), torch.zeros(3, 2))
    inner = layer(torch.full((1, 2, 9, 9), 7.))[..., 2:-2, 2:-2]
    torch.testing.assert_close(inner, torch.zeros_like(inner), atol=1e-5, rtol=0)


def test_evaluation_only_reads_and_training_stores_the_same_kernel(layer):
    before, image = layer.weight.detach().clone(), torch.rand(1, 2, 8, 8)
    tested = layer.eval()(image)
    assert torch.equal(layer.weight, before)
    assert torch.equal(layer.train()(image), tested)
    stored = layer.weight.detach().clone()
    torch.testing.assert_close(layer.constrained_weight(), stored)  # idempotent
    torch.testing.assert_close(layer(image), tested)
    assert list(layer.state_dict()) == ['weight']


def test_gradient_is_the_plain_convolution_s_but_for_the_centre(layer):
    image = torch.rand(2, 2, 8, 8)
    layer(image).square().sum().backward()
    plain = layer.constrained_weight().requires_grad_()
    torch.nn.functional.conv2d(image, plain, padding=2).square().sum().backward()
    expected = plain.grad.clone()
    expected[:, :, 2, 2] = 0
    torch.testing.assert_close(layer.weight.grad, expected, rtol=1e-4, atol=1e-4)
    (layer(image) + layer(image)).sum().backward()  # two passes in one graph


def test_a_plane_that_sums_to_zero_stays_finite(layer):
    layer.weight.data.zero_()
    assert torch.isfinite(layer(torch.rand(1, 2, 8, 8))).all()


def test_numbers_of_mantra_net(shared):
    numbers = np.load(shared / 'golden/bayar.npz')
    layer = BayarConv2d(3, 3)
    layer.weight.data = torch.from_numpy(numbers['mantra_net_before'])
    np.testing.assert_allclose(layer.constrained_weight(), numbers['mantra_net_after'], rtol=1e-5)


def test_kernels_without_centres():
    kernel = torch.arange(72.).reshape(1, 3, 24)
    weight = BayarConv2d.from_neighbours(kernel)
    assert weight.shape == (1, 3, 5, 5) and (weight[..., 2, 2] == -1).all()
    assert weight[0, 1].flatten()[11] == 35 and weight[0, 1].flatten()[13] == 36
    for shape in ((3, 24), (1, 3, 23), (1, 3, 15)):
        with pytest.raises(ValueError, match='without centres has shape'):
            BayarConv2d.from_neighbours(torch.zeros(shape))


@pytest.mark.parametrize('options', [dict(kernel_size=4), dict(kernel_size=1), dict(bias=True)])
def test_bad_options_are_sentences(options):
    with pytest.raises(ValueError, match='of BayarConv2d is'):
        BayarConv2d(1, 1, **options)
