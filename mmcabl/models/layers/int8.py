"""Convolutions and linear layers in eight bits, to infer with on a CPU.

By the oneDNN calls that ``torch.compile`` makes of a quantized network, each with its bias, activation and sum.
Weights have a scale for each output channel. What comes in is given eight bits over the range that it has in that
very image: nothing is calibrated, and no image depends on those beside it. Sums are exact in 32 bits, and what comes
out is of the type that came in.
"""

from functools import lru_cache
from math import ceil
from typing import Any, Iterator, List, Optional, Tuple

import torch
from torch import Tensor, nn

from mmcabl.models.layers.fused import FusedConv2d, FusedLinear, fused, onednn

#: Numbers that are quantized at a time: they stay in a CPU's cache.
BAND = 1 << 18
#: The side of a map that weights are packed for: packed for none or for a small one, some are packed again each time.
SIDE = 192
#: 1.5 * 2^23: added to a small float, it leaves the nearest whole number in the last bits. As an integer it is BITS.
ROUNDING, BITS = 12582912., 0x4B400000
#: Below this a range is none.
LEAST = 1e-30


@lru_cache(maxsize=1)
@torch.no_grad()
def has_int8_calls() -> bool:
    """Whether this torch has oneDNN's quantized convolutions and linear layers, and their sums are exact here.

    Older torch, such as 2.1, has calls of these names with other arguments. Without VNNI, or with
    ``ONEDNN_MAX_CPU_ISA`` below it whatever the CPU has, oneDNN adds pairs of products in 16 bits, which overflow in
    silence: 2 * 254 * 127 is one such pair.
    """
    names = 'qconv2d_pointwise', 'qconv_prepack', 'qlinear_pointwise', 'qlinear_prepack'
    if not (torch.backends.mkldnn.is_available() and all(hasattr(torch.ops.onednn, name) for name in names)):
        return False
    try:
        return all(bool((error.abs() < 8).all()) for error in _errors())
    except (RuntimeError, TypeError):  # it takes other arguments than these
        return False


def _errors() -> Iterator[Tensor]:
    """How far each call is from the exact sum of 64 products of 254 and 127."""
    with torch.random.fork_rng(devices=[]):  # nobody's random numbers are used up
        conv, linear = nn.Conv2d(64, 32, 3, bias=False), nn.Linear(64, 32, bias=False)
    for layer in (conv, linear):
        layer.weight.fill_(127.)
    most, eight = 64 * 254 * 127, Int8Conv2d(fused(conv))
    image, other = torch.full((1, 64, 8, 8), 254.), torch.full((1, 32, 6, 6), 9. * 64)
    yield eight(image) / 9 - most
    yield eight(image, other.contiguous(memory_format=torch.channels_last)) / 9 - most - 64
    yield Int8Linear(fused(linear))(torch.full((1, 8, 64), 254.)) - most


def quantized(x: Tensor) -> Tuple[Tensor, float, int]:
    """A contiguous tensor in eight bits over its own range and 0: uint8 of the same shape, scale, zero point.

    Of what is not finite the scale is not either, and so no result.
    """
    least, most = (float(v) for v in torch.aminmax(x))
    least, most = min(least, 0.), max(most, 0.)
    scale = max((most - least) / 254, LEAST)  # not 255: the zero point is rounded up
    zero = ceil(-least / scale) if scale < float('inf') else 0
    out = torch.empty(x.shape, dtype=torch.uint8)
    shift = torch.tensor(ROUNDING + zero)
    for numbers, to in zip(x.view(-1).split(BAND), out.view(-1).split(BAND)):
        whole = torch.add(shift, numbers.float(), alpha=1 / scale)
        to.copy_(whole.view(torch.int32).sub_(BITS))
    return out, scale, zero


def _weights(weight: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """int8 of the same shape, and each output channel's scale and zero point (0)."""
    wide = weight.detach().float()
    scales = (wide.flatten(1).abs().amax(1) / 127).clamp(min=LEAST)
    whole = (wide / scales.view(-1, *[1] * (wide.ndim - 1))).round().to(torch.int8)
    return whole, scales, torch.zeros(len(scales), dtype=torch.int32)


class _Int8(nn.Module):
    """Its packed weights are neither parameters nor buffers: there is nothing to save or to train."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.activation = layer.activation
        self.bias = None if layer.bias is None else layer.bias.detach().float()


class Int8Conv2d(_Int8):
    """A :class:`FusedConv2d` in eight bits."""

    def __init__(self, layer: FusedConv2d) -> None:
        super().__init__(layer)
        self.how = [list(x) for x in (layer.stride, layer.padding, layer.dilation)] + [layer.groups]
        whole, self.scales, self.zeros = _weights(layer.weight)
        self.packed = torch.ops.onednn.qconv_prepack(
            whole, self.scales, 1., 0, *self.how, [1, layer.in_channels, SIDE, SIDE])

    def forward(self, x: Tensor, other: Optional[Tensor] = None) -> Tensor:
        """As of :class:`FusedConv2d`, channels last."""
        found = [self._one(image, None if other is None else other[i:i + 1]) for i, image in enumerate(x.split(1))]
        return other if other is not None else found[0] if len(found) == 1 else torch.cat(found)

    def _one(self, image: Tensor, other: Optional[Tensor]) -> Tensor:
        last = image.permute(0, 2, 3, 1).contiguous()
        whole, scale, zero = quantized(last)
        inputs = (whole.permute(0, 3, 1, 2), scale, zero, self.packed, self.scales, self.zeros)
        result = 1., 0, image.dtype
        if other is None:
            return torch.ops.onednn.qconv2d_pointwise(
                *inputs, self.bias, *self.how, *result, *onednn(self.activation))
        found = torch.ops.onednn.qconv2d_pointwise.binary(
            *inputs, other, self.bias, *self.how, *result, 1., 0, 'sum', 1., *onednn(self.activation))
        return found if found.data_ptr() == other.data_ptr() else other.copy_(found)


class Int8Linear(_Int8):
    """A :class:`FusedLinear` in eight bits; the first of three dimensions is that of the images."""

    def __init__(self, layer: FusedLinear) -> None:
        super().__init__(layer)
        whole, self.scales, self.zeros = _weights(layer.weight)
        self.packed = torch.ops.onednn.qlinear_prepack(whole, None)

    def forward(self, x: Tensor) -> Tensor:
        """As of :class:`FusedLinear`."""
        found: List[Tensor] = []
        for image in x.split(1):
            found.append(torch.ops.onednn.qlinear_pointwise(
                *quantized(image.contiguous()), self.packed, self.scales, self.zeros, self.bias, 1., 0, x.dtype,
                *onednn(self.activation)))
        return found[0] if len(found) == 1 else torch.cat(found)


def to_int8(module: nn.Module) -> None:
    """Give every fused layer below a module eight bits, in place."""
    for name, child in module._modules.items():
        if isinstance(child, FusedConv2d):
            module._modules[name] = Int8Conv2d(child)
        elif isinstance(child, FusedLinear):
            module._modules[name] = Int8Linear(child)
        elif child is not None:
            to_int8(child)
