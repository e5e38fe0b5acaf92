"""Edge operators against references: OpenCV, closed forms, invariances."""

import cv2
import numpy as np
import pytest
import torch

from mmcabl.models.layers.edge import NORMS, OPERATORS, _Length, edge_magnitude, normalize_edges


def reference(image, operator):
    """The operator by OpenCV's own filters, replicated border, scaled to a unit step."""
    replicate = dict(borderType=cv2.BORDER_REPLICATE)
    if operator == 'laplacian':
        return np.abs(cv2.Laplacian(image, cv2.CV_64F, ksize=1, **replicate))
    smooth, scale = {'sobel': ([1, 2, 1], 4), 'prewitt': ([1, 1, 1], 3), 'scharr': ([3, 10, 3], 16)}[operator]
    smooth, slope = np.array(smooth, float), np.array([-1., 0, 1])
    gx = cv2.sepFilter2D(image, cv2.CV_64F, slope, smooth, **replicate)
    gy = cv2.sepFilter2D(image, cv2.CV_64F, smooth, slope, **replicate)
    return np.hypot(gx, gy) / scale


@pytest.mark.parametrize('operator', OPERATORS)
@pytest.mark.parametrize('shape', [(7, 9), (2, 5), (1, 6), (1, 1)])
def test_equals_opencv(operator, shape):
    image = np.random.default_rng(0).normal(size=shape)
    found = edge_magnitude(torch.from_numpy(image)[None, None], operator)[0, 0].numpy()
    np.testing.assert_allclose(found, reference(image, operator), atol=1e-12)


@pytest.mark.parametrize('operator', OPERATORS)
def test_unit_step_has_magnitude_one_and_flat_areas_zero(operator):
    step = torch.zeros(1, 1, 6, 8)
    step[..., 4:] = 1
    edges = edge_magnitude(step, operator)[0, 0]
    assert torch.allclose(edges[:, 3:5], torch.ones(6, 2))
    assert edges[:, :3].eq(0).all() and edges[:, 5:].abs().max() < 1e-6


@pytest.mark.parametrize('operator', OPERATORS)
def test_turns_with_the_map(operator):
    x = torch.randn(2, 3, 6, 9, dtype=torch.float64)
    edges = edge_magnitude(x, operator)
    for turn in (lambda t: t.flip(-1), lambda t: t.flip(-2), lambda t: t.transpose(-1, -2)):
        assert torch.allclose(edge_magnitude(turn(x), operator), turn(edges))


@pytest.mark.parametrize('operator', OPERATORS)
def test_gradient(operator):
    x = torch.randn(2, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: edge_magnitude(t, operator), x)


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize('size', [1., 1e3, 6e4, 1e9])
def test_gradients_of_any_size_are_finite_and_zero_where_the_map_is_flat(dtype, size):
    if size > torch.finfo(dtype).max:
        pytest.skip(f'{size:g} is not a {dtype}')
    x = torch.zeros(1, 1, 6, 12, dtype=dtype)
    x[..., 8:] = 1
    x.requires_grad_()
    edge_magnitude(x).backward(torch.full_like(x, size))
    assert x.grad[..., :6].eq(0).all() and x.grad[..., 10:].abs().max() <= size * 1e-2
    assert x.grad[..., 6:10].ne(0).any(-2).all() and x.grad.isfinite().all()


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
@pytest.mark.parametrize('size', [1., 1e3, 1e6, 1e9])
def test_the_length_has_vector_norms_gradient(dtype, size):
    parts = torch.randn(2, 40, dtype=dtype)
    parts[:, :10] = 0
    parts[:, 10:20] *= 1e-18 if dtype == torch.float32 else 1e-150  # their squares are barely there
    grad = torch.randn(40, dtype=dtype) * size
    ours, theirs = parts.clone().requires_grad_(), parts.clone().requires_grad_()
    _Length.apply(*ours).backward(grad)
    torch.linalg.vector_norm(theirs, dim=0).backward(grad)
    assert torch.allclose(ours.grad, theirs.grad, rtol=1e-5)


def test_a_length_too_small_for_its_slope_has_a_finite_gradient():
    gx, gy = torch.tensor([2e-19, 1e-30]).requires_grad_(), torch.zeros(2)  # the second one's square is 0
    _Length.apply(gx, gy).backward(torch.full((2,), 1e30))
    assert gx.grad[1] == 0 and gx.grad[0].item() == pytest.approx(1e30)


def test_half_precision_does_not_overflow():
    x = torch.full((1, 1, 3, 6), -300., dtype=torch.float16)
    x[..., 3:] = 300
    assert edge_magnitude(x).max() == 600 and edge_magnitude(x).dtype == torch.float16


@pytest.mark.parametrize('norm', [n for n in NORMS if n != 'none'])
def test_norms_are_bounded_and_monotonic_within_a_channel(norm):
    edges = torch.rand(2, 3, 8, 8) * 1e4
    normed = normalize_edges(edges, norm)
    assert normed.min() >= 0 and normed.max() <= 1
    order = edges.flatten(2).argsort(-1)
    assert (normed.flatten(2).gather(-1, order).diff() >= 0).all()
    assert normalize_edges(torch.zeros(1, 1, 4, 4), norm).isfinite().all()


def test_closed_forms_of_norms():
    edges = torch.tensor([[[[0., 1.], [2., 5.]]]])
    assert torch.allclose(normalize_edges(edges, 'max'), edges / 5)
    assert torch.allclose(normalize_edges(edges, 'mean'), edges / (edges + 2))
    assert torch.allclose(normalize_edges(edges, 'tanh'), edges.tanh())
    assert torch.allclose(normalize_edges(edges, 'sigmoid'),
                          ((edges - 2) / (3.5 + 1e-6) ** 0.5).sigmoid())
    assert normalize_edges(edges, 'none') is edges


def test_unknown_names_are_named():
    with pytest.raises(ValueError, match="'canny'.*sobel, prewitt, scharr, laplacian"):
        edge_magnitude(torch.zeros(1, 1, 3, 3), 'canny')
    with pytest.raises(ValueError, match="'batch'.*tanh"):
        normalize_edges(torch.zeros(1, 1, 3, 3), 'batch')


def test_kernels_made_in_inference_mode_serve_training():
    x = torch.randn(1, 13, 4, 4)
    with torch.inference_mode():
        edge_magnitude(x, 'scharr')
    x.requires_grad_()
    edge_magnitude(x, 'scharr').sum().backward()
    assert x.grad.isfinite().all()
