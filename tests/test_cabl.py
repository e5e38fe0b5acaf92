"""The CABL layer: Eq. (1), its structures, its gradient, its types."""

import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from mmcabl.models.layers import CABL, amplification, edge_magnitude, normalize_edges
from mmcabl.models.layers import cabl as cabl_module
from mmcabl.models.layers.edge import NORMS, OPERATORS
from mmcabl.registry import MODELS

FORMULAS = {'i': lambda x, e: x + e, 'ii': lambda x, e: e * x, 'iii': lambda x, e: e * x + x}


@pytest.mark.parametrize('structure', FORMULAS)
@pytest.mark.parametrize('norm', NORMS)
def test_is_its_formula(structure, norm):
    x = torch.randn(2, 5, 6, 7)
    edges = normalize_edges(edge_magnitude(x), norm)
    assert torch.allclose(CABL(structure=structure, norm=norm)(x), FORMULAS[structure](x, edges), atol=1e-6)


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('norm', ['tanh', 'max', 'sigmoid'])
def test_chunks_change_nothing(monkeypatch, layout, norm):
    x, layer = torch.randn(3, 40, 9, 11).contiguous(memory_format=layout), CABL(norm=norm)
    plain = layer(x.clone().requires_grad_()).detach()
    for size in (1 << 30, 500, 40 * 9 * 11 * 2):
        monkeypatch.setattr(cabl_module, 'CPU_CHUNK', size)
        out = layer(x)
        assert out.is_contiguous(memory_format=layout) and torch.allclose(out, plain, atol=1e-6)


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('operator', OPERATORS)
@pytest.mark.parametrize('shape', [(2, 3, 6, 5), (1, 2, 1, 4), (1, 1, 5, 1)])
def test_bands_and_their_gradient_are_the_formulas(monkeypatch, layout, operator, shape):
    x = torch.randn(shape, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    x.data[..., :2, :2] = 1  # flat somewhere: a length of 0
    expected, weight = x + x * edge_magnitude(x, operator).tanh(), torch.randn(shape, dtype=torch.float64)
    slope, layer = torch.autograd.grad((expected * weight).sum(), x)[0], CABL(operator)
    for rows in (1, 2, 1 << 20):
        monkeypatch.setattr(amplification, 'BAND', rows * x[0, :, 0].numel() * len(x))
        assert torch.allclose(layer(x), expected, atol=1e-12)
        assert torch.allclose(torch.autograd.grad((layer(x) * weight).sum(), x)[0], slope, atol=1e-12)
        assert torch.allclose(amplification.stencil(x.detach(), operator), expected, atol=1e-12)
        place = x.detach().clone()
        assert layer(place, inplace=True) is place and torch.allclose(place, expected, atol=1e-12)


def test_gradient_of_its_own_keeps_the_input_alone():
    x = torch.randn(2, 8, 32, 33, requires_grad=True)
    edge_magnitude(x), CABL()(x)  # kernels are cached
    with Kept() as memory:
        out = CABL()(x)
    assert memory.kept() <= out.nbytes + x.nbytes  # views of the input count it
    small = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(CABL(), small)


class Kept(TorchDispatchMode):
    """How many bytes of what is computed under it are still there."""

    def __init__(self):
        super().__init__()
        self.made = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else (out,):
            storage = tensor.untyped_storage()
            self.made[storage.data_ptr()] = StorageWeakRef(storage), storage.nbytes()
        return out

    def kept(self):
        return sum(size for reference, size in self.made.values() if not reference.expired())


@pytest.mark.parametrize('norm', NORMS)
@pytest.mark.parametrize('structure', FORMULAS)
def test_recomputation_keeps_the_input_alone_and_changes_no_number(structure, norm):
    x, weight, found = torch.randn(2, 8, 32, 33, requires_grad=True), torch.randn(2, 8, 32, 33), []
    edge_magnitude(x)  # its kernels are cached
    for recompute in (False, True):
        with Kept() as memory:
            out = CABL(norm=norm, structure=structure, recompute=recompute)(x)
        inside = memory.kept() - out.nbytes  # the input was there before
        found.append((out.detach(), torch.autograd.grad((out * weight).sum(), x)[0]))
        assert inside == 0 if recompute else inside >= 3 * x.nbytes
    assert torch.equal(found[0][0], found[1][0]) and torch.equal(found[0][1], found[1][1])


@pytest.mark.parametrize('recompute', [False, True])
@pytest.mark.parametrize('structure', FORMULAS)
def test_gradient(structure, recompute):
    x = torch.randn(2, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(CABL(structure=structure, norm='mean', recompute=recompute), x)


def test_flat_map_is_unchanged_and_nothing_is_learnable():
    layer, x = CABL(), torch.full((1, 3, 5, 5), 2.5)
    assert torch.equal(layer(x), x)
    assert not list(layer.parameters()) and not list(layer.buffers()) and not layer.state_dict()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_types_stay_finite_and_close(dtype):
    x = torch.randn(1, 4, 8, 8) * 3e4
    half = CABL()(x.to(dtype))
    assert half.dtype == dtype
    small = torch.randn(1, 4, 8, 8)
    assert torch.allclose(CABL()(small.to(dtype)).float(), CABL()(small), atol=3e-2, rtol=2e-2)
    assert CABL()(torch.full((1, 1, 4, 4), 3e4, dtype=dtype)).isfinite().all()


def test_twelve_layers_are_bounded_by_two_to_the_twelfth():
    x = torch.randn(1, 8, 32, 32)
    out = x
    for _ in range(12):
        out = CABL()(out)
    assert out.isfinite().all() and (out.abs() <= x.abs() * 2 ** 12 + 1e-3).all()


def test_autocast_gradient_is_finite():
    x = torch.randn(2, 8, 16, 16, requires_grad=True)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        out = CABL()(torch.nn.functional.conv2d(x, torch.randn(8, 8, 1, 1)))
    assert out.dtype == torch.bfloat16
    out.float().square().mean().backward()
    assert x.grad.isfinite().all()


def test_is_registered_and_checks_its_arguments():
    assert isinstance(MODELS.build(dict(type='mmcabl.CABL', operator='scharr')), CABL)
    for bad, message in ((dict(operator='canny'), 'edge operator'), (dict(structure='iv'), 'structure'),
                         (dict(norm='l2'), 'edge normalisation')):
        with pytest.raises(ValueError, match=f'Unknown {message}'):
            CABL(**bad)
