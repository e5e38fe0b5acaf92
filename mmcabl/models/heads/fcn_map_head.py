"""The decoder of an FCN: one convolution over the last stages, and a map."""

from typing import Optional, Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.registry import MODELS


@MODELS.register_module()
class FCNMapHead(BaseModule):
    """Class maps from the last one, two or three stages of a backbone: FCN-32s, -16s or -8s.

    The deeper maps are brought to the size of the first of these stages (bilinear) and joined; a 3 x 3 convolution
    with batch norm and ReLU, dropout of whole channels, a 1 x 1 convolution. As WSCL's ``C1`` decoder; Long et al.'s
    FCN (CVPR 2015) adds maps of single stages instead.

    Args:
        in_channels: of the stages that are used, shallow to deep. (1024, 2048): ResNet-50's last two, FCN-16s.
        channels: between the convolutions.
        num_classes: 1: "manipulated".
        dropout: part of the channels.
        norm_cfg: of the batch norm.
        init_cfg: as of any mmengine module.

    A backbone's tuple -> logits (B, num_classes, h, w), (h, w) of the first stage that is used.
    """

    def __init__(self, in_channels: Sequence[int] = (1024, 2048), channels: int = 512, num_classes: int = 1,
                 dropout: float = 0., norm_cfg: Optional[dict] = None,
                 init_cfg: Optional[dict] = dict(type='Kaiming', layer='Conv2d', mode='fan_in')) -> None:
        super().__init__(init_cfg)
        self.in_channels = tuple(in_channels)
        self.fuse = ConvModule(sum(in_channels), channels, 3, padding=1, norm_cfg=norm_cfg or dict(type='BN'))
        self.dropout = nn.Dropout2d(dropout)
        self.classify = nn.Conv2d(channels, num_classes, 1)

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        used = feats[-len(self.in_channels):]
        if tuple(x.size(1) for x in used) != self.in_channels:
            raise ValueError(f'FCNMapHead takes stages of {self.in_channels} channels, the last of the backbone; '
                             f"they are {tuple(x.size(1) for x in used)}: see the backbone's out_indices.")
        size = used[0].shape[-2:]
        used = [used[0]] + [F.interpolate(x, size=size, mode='bilinear', align_corners=False) for x in used[1:]]
        return self.classify(self.dropout(self.fuse(torch.cat(used, 1))))
