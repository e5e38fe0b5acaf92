"""CAT-Net's last stage: both streams joined resolution by resolution."""

from typing import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcabl.models.layers.high_resolution import basic_stage, conv_norm_relu, high_resolution_stage, resized
from mmcabl.registry import MODELS


@MODELS.register_module()
class StreamFusionHead(BaseModule):
    """One high-resolution stage on the joined streams, its branches at the finest size, two 1 x 1 convolutions.

    Args:
        in_channels: of each resolution, both streams together.
        channels: of each branch.
        num_classes: authentic and manipulated.
        blocks: of each branch.
        norm_cfg: batch norms.
    """

    def __init__(self, in_channels: Sequence[int] = (48, 192, 384, 768), channels: Sequence[int] = (24, 48, 96, 192),
                 num_classes: int = 2, blocks: int = 4, norm_cfg: dict = dict(type='BN', momentum=0.01),
                 init_cfg: dict = None) -> None:
        super().__init__(init_cfg)
        self.transitions = nn.ModuleList(
            conv_norm_relu(a, b, norm_cfg=norm_cfg) for a, b in zip(in_channels, channels))
        self.stage = high_resolution_stage(basic_stage(1, channels, blocks), norm_cfg)
        total = sum(channels)
        self.classify = nn.Sequential(
            nn.Conv2d(total, total, 1), nn.BatchNorm2d(total, momentum=norm_cfg.get('momentum', 0.1)),
            nn.ReLU(inplace=True), nn.Conv2d(total, num_classes, 1))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Joined features, from fine to coarse, to logits (B, num_classes, H, W) of the finest size."""
        x = self.stage([layer(part) for layer, part in zip(self.transitions, features)])
        return self.classify(torch.cat([x[0], *(resized(part, x[0]) for part in x[1:])], 1))
