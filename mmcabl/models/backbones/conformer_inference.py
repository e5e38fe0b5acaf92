"""The Conformer's blocks as they infer: batch norms folded, sums and activations within the convolutions, in place.

Same numbers as mmpretrain's, up to round-off, with less work and memory: a block writes its output over its input;
the coupling unit towards the tokens averages before it projects (both are linear, and the average is of 16 or 4
positions); the one towards the map adds its coarse grid without enlarging it first.
"""

from typing import Optional

import torch
from mmpretrain.models.backbones.conformer import ConvBlock, FCUDown, FCUUp
from torch import Tensor, nn

from mmcabl.models.layers.fold import fold_batchnorm
from mmcabl.models.layers.fused import FusedLinear, fuse_linears, fused


class InferredConvBlock(ConvBlock):
    """Overwrites its input, unless the shape changes."""

    def forward(self, x: Tensor, fusion_features: Optional[Tensor] = None, out_conv2: bool = True):
        """As upstream; ``fusion_features``: (B, C, h, w) with sides that divide the map's."""
        narrow = self.conv1(x)
        if fusion_features is not None:
            add_enlarged(narrow, fusion_features)
        narrow = self.conv2(narrow)
        identity = self.residual_conv(x) if self.with_residual_conv else x
        out = self.conv3(narrow, identity)
        return (out, narrow) if out_conv2 else out


class InferredFCUDown(FCUDown):
    """Averages before it projects."""

    def forward(self, x: Tensor, x_t: Tensor) -> Tensor:
        """As upstream."""
        x = self.sample_pooling(x) if self.down_stride > 1 else x
        x = self.act(self.ln(self.conv_project(x.flatten(2).transpose(1, 2))))
        return torch.cat([x_t[:, :1], x], dim=1) if self.with_cls_token else x


class InferredFCUUp(FCUUp):
    """Leaves the enlarging to :func:`add_enlarged`."""

    def forward(self, x: Tensor, H: int, W: int) -> Tensor:
        """(B, N, C) to (B, C', H, W), channels last."""
        x = self.conv_project(x[:, 1:] if self.with_cls_token else x)
        return x.transpose(1, 2).unflatten(2, (H, W))


def add_enlarged(x: Tensor, coarse: Tensor) -> None:
    """``x += nearest(coarse)``, (B, C, H, W) and (B, C, H / s, W / s)."""
    rows, columns = coarse.shape[-2:]
    cells = x.unflatten(3, (columns, -1)).unflatten(2, (rows, -1))
    cells += coarse[:, :, :, None, :, None]


def inferred(backbone: nn.Module) -> nn.Module:
    """A copy of a Conformer to infer with; it shares all weights that no batch norm was folded into."""
    clone = fold_batchnorm(backbone)
    _infer(clone)
    fuse_linears(clone)
    clone.conv1, clone.act1 = fused(clone.conv1, 'relu'), nn.Identity()
    clone.trans_patch_conv = fused(clone.trans_patch_conv)
    return clone


def _infer(module: nn.Module) -> None:
    for child in module.children():
        if type(child) is ConvBlock:
            child.__class__ = InferredConvBlock
            for name in ('conv1', 'conv2', 'conv3'):
                setattr(child, name, fused(getattr(child, name), 'relu'))
            if child.with_residual_conv:
                child.residual_conv = fused(child.residual_conv)
        elif type(child) in (FCUDown, FCUUp):
            up = type(child) is FCUUp
            child.__class__ = InferredFCUUp if up else InferredFCUDown
            child.conv_project = _pointwise(child.conv_project, 'relu' if up else 'none')
        else:
            _infer(child)


def _pointwise(conv: nn.Conv2d, activation: str) -> FusedLinear:
    """A 1 x 1 convolution as the linear layer of each position."""
    linear = nn.Linear(conv.in_channels, conv.out_channels, device='meta')
    linear.weight = nn.Parameter(conv.weight.detach().flatten(1), requires_grad=False)
    linear.bias = conv.bias
    return fused(linear, activation).eval()
