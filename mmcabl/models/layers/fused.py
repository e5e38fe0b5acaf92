"""Convolutions and linear layers that infer with their activation, and a sum in place, in one oneDNN call on a CPU.

The calls are those that ``torch.compile`` makes on a CPU, in torch since 2.0; where one is lacking, and wherever they
do not apply (another device or type, autocast, a gradient), the plain functions give the same numbers.
"""

import copy
from typing import Any, List, Optional, Tuple, Union

import torch
from mmcv.cnn.bricks.wrappers import Linear
from torch import Tensor, nn
from torch.nn import functional as F

ACTIVATIONS = {'none': lambda x: x, 'relu': torch.relu_, 'relu6': F.relu6, 'gelu': F.gelu}
#: oneDNN's name, numbers and algorithm of an activation, where they are not its own name alone.
ONEDNN = {'relu6': ('hardtanh', [0., 6.], ''), 'gelu': ('gelu', [], 'none')}  # none: by the error function


def onednn(activation: str) -> Tuple[str, List[float], str]:
    """Name, numbers and algorithm of one of :data:`ACTIVATIONS` for oneDNN."""
    return ONEDNN.get(activation, (activation, [], ''))


def applies(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN's fused calls take this input and weight."""
    return (x.device.type == 'cpu' and x.dtype == weight.dtype and x.numel() > 0
            and not torch.is_grad_enabled() and not autocasts()
            and (x.dtype == torch.float32 or x.dtype == torch.bfloat16 and has_bfloat16())
            and torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, '_linear_pointwise'))


def autocasts() -> bool:
    """Whether autocast is on for the CPU, by the name that this torch has for it."""
    try:
        return torch.is_autocast_enabled('cpu')
    except TypeError:  # before 2.4
        return torch.is_autocast_cpu_enabled()


def has_bfloat16() -> bool:
    """Whether oneDNN computes in bfloat16 on this CPU (AVX-512 at least)."""
    supported = getattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported', None)
    return supported is not None and torch.backends.mkldnn.is_available() and supported()


class FusedConv2d(nn.Conv2d):
    """A convolution and what follows it, for inference: ``act(conv(x))``, or ``act(other + conv(x))`` into other."""

    activation = 'none'

    def forward(self, x: Tensor, other: Optional[Tensor] = None) -> Tensor:
        """(B, C, H, W) to (B, C', H', W'); ``other``, of the result's shape, is overwritten by it."""
        return self._fused(x, self.weight, other)

    def _fused(self, x: Tensor, weight: Tensor, other: Optional[Tensor] = None) -> Tensor:
        if not applies(x, weight) or other is not None and other.dtype != x.dtype:
            found = self._conv_forward(x, weight, self.bias)
            return ACTIVATIONS[self.activation](found if other is None else other.add_(found))
        how = self.padding, self.stride, self.dilation, self.groups
        if other is None:
            return torch.ops.mkldnn._convolution_pointwise(x, weight, self.bias, *how, *onednn(self.activation))
        after = (None, [], None) if self.activation == 'none' else onednn(self.activation)
        return torch.ops.mkldnn._convolution_pointwise_.binary(
            other, x, weight, self.bias, *how, 'add', 1., *after)


class FusedLinear(nn.Linear):
    """A linear layer and its activation, for inference."""

    activation = 'none'

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) to (..., C')."""
        if not applies(x, self.weight):
            return ACTIVATIONS[self.activation](super().forward(x))
        return linear(x, self.weight, self.bias, self.activation)


def linear(x: Tensor, weight: Tensor, bias: Optional[Tensor] = None, activation: str = 'none') -> Tensor:
    """``F.linear`` and an activation by oneDNN, where it :func:`applies`; the weight contiguous, or it is slow."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, *onednn(activation))


def fused(layer: Union[nn.Conv2d, nn.Linear], activation: str = 'none') -> Union[FusedConv2d, FusedLinear]:
    """The layer with the activation behind it; shares its weights."""
    clone: Any = copy.copy(layer)
    clone.__class__ = FusedConv2d if isinstance(layer, nn.Conv2d) else FusedLinear
    clone.activation = activation
    return clone


def fuse_linears(module: nn.Module) -> None:
    """Fuse every linear layer below a module, with the GELU that comes next in an ``nn.Sequential``; in place."""
    names = list(module._modules)
    for name, after in zip(names, [*names[1:], '']):
        child, follower = module._modules[name], module._modules.get(after)
        # mmcv's, as of its FFN, differs on empty inputs alone
        if isinstance(child, nn.Linear) and type(child) in (nn.Linear, Linear):
            gelu = (isinstance(module, nn.Sequential) and isinstance(follower, nn.GELU)
                    and getattr(follower, 'approximate', 'none') == 'none')
            module._modules[name] = fused(child, 'gelu' if gelu else 'none')
            if gelu:
                module._modules[after] = nn.Identity()
        elif child is not None:
            fuse_linears(child)
