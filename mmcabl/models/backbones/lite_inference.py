"""LiteCABL as it infers: batch norms folded, activations and sums within the convolutions, in place."""

from typing import Any

from mmcv.cnn import ConvModule
from mmcv.cnn.bricks import Conv2dAdaptivePadding
from mmpretrain.models.utils import InvertedResidual
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.fold import fold_batchnorm
from mmcabl.models.layers.fused import FusedConv2d, fuse_linears, fused


class InferredInvertedResidual(InvertedResidual):
    """Overwrites its input where its output is added to it."""

    def forward(self, x: Tensor) -> Tensor:
        """As upstream."""
        out = self.expand_conv(x) if self.with_expand_conv else x
        out = self.depthwise_conv(out)
        return self.linear_conv(out, x) if self.with_res_shortcut else self.linear_conv(out)


class SameConv2d(FusedConv2d):
    """mmcv's ``Conv2dAdaptivePadding`` with a stride of 2 and an odd kernel, without a padded copy of its input.

    Of an odd length the padding is even on both sides. Of an even one it is shorter by one at the start; there the
    kernel starts with a zero instead, and the padding is the same on both sides again.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', ceil(H / 2), ceil(W / 2))."""
        even = [(length + 1) % 2 for length in x.shape[-2:]]
        return self._fused(x, F.pad(self.weight, (even[1], 0, even[0], 0)))


def inferred(backbone: nn.Module) -> nn.Module:
    """A copy of a LiteCABL to infer with; it shares all weights that no batch norm was folded into."""
    clone = fold_batchnorm(backbone)
    _infer(clone)
    fuse_linears(clone)
    clone.token_conv = fused(clone.token_conv)
    return clone


def _infer(module: nn.Module) -> None:
    for name, child in module._modules.items():
        if isinstance(child, ConvModule):
            module._modules[name] = _convolution(child)
        elif child is not None:
            if type(child) is InvertedResidual:
                child.__class__ = InferredInvertedResidual
            _infer(child)


def _convolution(layer: ConvModule) -> nn.Module:
    """The folded convolution and its activation."""
    conv: Any = fused(layer.conv, _activation(layer))
    if isinstance(layer.conv, Conv2dAdaptivePadding):
        conv.padding = tuple(side // 2 for side in conv.kernel_size)
        if conv.stride != (1, 1):
            conv.__class__ = SameConv2d
    return conv


def _activation(layer: ConvModule) -> str:
    return {nn.ReLU: 'relu', nn.ReLU6: 'relu6'}[type(layer.activate)] if layer.with_activation else 'none'
