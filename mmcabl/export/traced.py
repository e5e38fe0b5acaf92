"""Layers and steps as tracers can follow them: the same numbers, no decision that depends on the input's size."""

from copy import deepcopy
from functools import partial
from typing import Any, Tuple

import torch
from mmcv.cnn.bricks import Conv2dAdaptivePadding
from mmcv.cnn.bricks.transformer import AdaptivePadding
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.edge import SMOOTHING, normalize_edges
from mmcabl.models.localizers.attention import AttentionPropagator
from mmcabl.models.localizers.scales import MIN_SIDE, Scale, limit_of, network_size


class TracedAverage(AttentionPropagator):
    """Eq. (2)'s average attention in plain matrix products, the same for any number of tokens.

    ``prefix`` tokens before the patches, which lie on ``grid``, lose their rows and columns.
    """

    prefix = 0
    grid: Tuple[int, int]

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, dropout_p: float = 0.) -> Tensor:
        weights = torch.softmax((query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1), dim=-1)
        self._sum = weights.sum(1) if not self.blocks else self._sum + weights.sum(1)
        self.blocks, self._heads = self.blocks + 1, query.shape[1]
        return weights @ value

    def _average(self, maps: Tensor) -> Tensor:
        return (self._sum[:, self.prefix:, self.prefix:] @ maps) / (self.blocks * self._heads)

    def propagate(self, maps: Tensor) -> Tensor:
        """As the class says."""
        # the exporter takes the shape of a reshaped tensor for a constant
        out = self._average(maps.flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, self.grid)
        return (out + self.residual * maps) / (1 + self.residual) if self.residual else out


class TracedPadding(nn.Module):
    """mmcv's padding to a multiple, at the right and the bottom, without a look at whether there is any."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, x: Tensor) -> Tensor:
        """(..., H, W) to the next multiples."""
        right, below = ((n - side % n) % n for n, side in ((self.columns, x.shape[-1]), (self.rows, x.shape[-2])))
        return F.pad(x, (0, right, 0, below))


class TracedSame(nn.Module):
    """mmcv's ``Conv2dAdaptivePadding``, TensorFlow's ``same``, for sizes that are not known yet.

    Raises:
        ValueError: a kernel smaller than its stride or a dilated one, where the padding could be none.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        if min(k - s for k, s in zip(conv.kernel_size, conv.stride)) < 0 or set(conv.dilation) != {1}:
            raise ValueError(f'A convolution with kernel {conv.kernel_size}, stride {conv.stride} and dilation '
                             f'{conv.dilation} that pads by its input cannot be exported.')
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        conv, sides = self.conv, []
        for size, kernel, stride in zip(x.shape[:-3:-1], conv.kernel_size[::-1], conv.stride[::-1]):
            whole = ((size + stride - 1) // stride - 1) * stride + kernel - size
            sides += [whole // 2, whole - whole // 2]
        return F.conv2d(F.pad(x, sides), conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups)


def traceable(backbone: nn.Module) -> nn.Module:
    """A copy whose layers compute the same without decisions that depend on the input's size."""
    backbone = deepcopy(backbone)
    for module in list(backbone.modules()):
        if isinstance(module, CABL):
            module.forward = partial(traced_respond, module)
        for name, child in list(module.named_children()):
            if isinstance(child, Conv2dAdaptivePadding):
                setattr(module, name, TracedSame(child))
            if isinstance(child, AdaptivePadding):
                if child.padding != 'corner' or child.kernel_size != child.stride:
                    raise ValueError(f'A {type(backbone).__name__} that pads {child.padding!r} cannot be exported.')
                setattr(module, name, TracedPadding(*child.stride))
    return backbone


def traced_respond(layer: CABL, x: Tensor, inplace: bool = False) -> Tensor:
    """Eq. (1) of a CABL layer by differences of shifted maps, for any number of channels; never in place."""
    padded = F.pad(x, (1, 1, 1, 1), mode='replicate')
    if layer.operator == 'laplacian':
        edges = (padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1] + padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
                 - 4 * x).abs()
    else:
        a, b, c = (weight / sum(SMOOTHING[layer.operator]) for weight in SMOOTHING[layer.operator])
        across = a * padded[..., :-2, :] + b * padded[..., 1:-1, :] + c * padded[..., 2:, :]
        along = a * padded[..., :-2] + b * padded[..., 1:-1] + c * padded[..., 2:]
        gx, gy = across[..., 2:] - across[..., :-2], along[..., 2:, :] - along[..., :-2, :]
        edges = (gx * gx + gy * gy).sqrt()
    edges = normalize_edges(edges, layer.norm)
    return {'i': lambda: x + edges, 'ii': lambda: edges * x, 'iii': lambda: edges * x + x}[layer.structure]()


def stretched(maps: Tensor, size) -> Tensor:
    """(N, C, H, W) bilinearly to a size."""
    return F.interpolate(maps, size=tuple(size), mode='bilinear', align_corners=False)


def resized(image: Tensor, height, width) -> Tensor:
    """As ``scales.resize``, bilinear and anti-aliased, by matrix products: runtimes differ in their own filter."""
    rows, columns = (_filter(image.shape[-2], height, image), _filter(image.shape[-1], width, image))
    return rows @ image @ columns.transpose(0, 1)


def shown(scale: Scale, height, width) -> Tuple[Any, Any]:
    """As ``scales.network_size`` of a scale ``'within N'``; sizes that are traced stay so."""
    limit = limit_of(scale)
    if not torch.jit.is_tracing():
        return network_size(scale, (height, width))
    sides = torch.as_tensor(height), torch.as_tensor(width)
    longest = torch.maximum(*sides).clamp(min=limit)
    return tuple(torch.div(2 * side * limit + longest, 2 * longest, rounding_mode='floor').clamp(min=MIN_SIDE)
                 for side in sides)


def _filter(source, target, like: Tensor) -> Tensor:
    """(target, source) weights of a triangle as wide as what becomes one pixel."""
    places = torch.arange(source, device=like.device, dtype=torch.float64) + 0.5
    step = source / torch.as_tensor(target, dtype=torch.float64)
    centres = (torch.arange(target, device=like.device, dtype=torch.float64) + 0.5) * step
    weights = (1 - (places[None] - centres[:, None]).abs() / step.clamp(min=1)).clamp(min=0)
    return (weights / weights.sum(1, keepdim=True)).to(like.dtype)
