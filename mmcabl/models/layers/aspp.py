"""Atrous spatial pyramid pooling without mmsegmentation."""

from typing import Optional, Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.registry import MODELS


@MODELS.register_module()
class ASPP(BaseModule):
    """DeepLabv3's parallel dilated convolutions and image pooling (Chen et al. 2017), joined by a 1 x 1 convolution.

    Args:
        in_channels, channels: of the input; of each branch and of the output.
        dilations: of the branches: a 1 x 1 convolution for 1, 3 x 3 for others. (1, 12, 24, 36), DeepLab's for
            maps at 1/8, is what Araslanov and Roth use on theirs at 1/16.
        dropout: at the end.
        norm_cfg: of the batch norms.
        norm_eval: keep the statistics of the batch norms as they are in training.

    (B, in_channels, H, W) -> (B, channels, H, W).
    """

    def __init__(self, in_channels: int, channels: int = 256, dilations: Sequence[int] = (1, 12, 24, 36),
                 dropout: float = 0.5, norm_cfg: Optional[dict] = None, norm_eval: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        norm_cfg = norm_cfg or dict(type='BN')
        self.branches = nn.ModuleList(
            ConvModule(in_channels, channels, 1 if d == 1 else 3, padding=0 if d == 1 else d, dilation=d,
                       norm_cfg=norm_cfg) for d in dilations)
        self.image_branch = ConvModule(in_channels, channels, 1, norm_cfg=norm_cfg)
        self.merge = ConvModule((len(dilations) + 1) * channels, channels, 1, norm_cfg=norm_cfg)
        self.dropout = nn.Dropout(dropout)
        self.norm_eval = norm_eval

    def train(self, mode: bool = True) -> 'ASPP':
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        found = [branch(x) for branch in self.branches]
        found.append(self._image_feature(x.mean((2, 3), keepdim=True)).expand_as(found[0]))
        return self.dropout(self.merge(torch.cat(found, 1)))

    def _image_feature(self, pooled: Tensor) -> Tensor:
        """(B, in_channels, 1, 1) -> (B, channels, 1, 1)."""
        norm = self.image_branch.norm
        if len(pooled) > 1 or not norm.training:
            return self.image_branch(pooled)
        # one image has one value a channel here, of which there is no variance: the stored statistics serve
        x = F.batch_norm(self.image_branch.conv(pooled), norm.running_mean, norm.running_var, norm.weight, norm.bias,
                         training=False, eps=norm.eps)
        return self.image_branch.activate(x)
