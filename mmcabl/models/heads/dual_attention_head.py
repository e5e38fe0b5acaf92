"""Dual attention on the deepest features, and a map from it: MVSS-Net's mask head."""

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcabl.models.layers.dual_attention import ChannelAttention, PositionAttention
from mmcabl.registry import MODELS


@MODELS.register_module()
class DualAttentionHead(BaseModule):
    """Fu et al.'s head without its auxiliary outputs: 3 x 3 convolutions around both attentions, their sum, a 1 x 1.

    mmseg has the same as ``DAHead``; this one works where mmseg is not installed.

    Args:
        in_channels: of the features.
        channels: inside; a quarter of ``in_channels`` by default.
        num_classes: maps that come out.
        dropout: before the last convolution.
    """

    def __init__(self, in_channels: int, channels: int = None, num_classes: int = 1, dropout: float = 0.1,
                 init_cfg: dict = None) -> None:
        super().__init__(init_cfg)
        channels = channels or in_channels // 4

        def block(before: int) -> ConvModule:
            return ConvModule(before, channels, 3, padding=1, norm_cfg=dict(type='BN'))

        self.position = nn.Sequential(block(in_channels), PositionAttention(channels), block(channels))
        self.channel = nn.Sequential(block(in_channels), ChannelAttention(), block(channels))
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Conv2d(channels, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) to logits (B, num_classes, H, W)."""
        return self.classify(self.dropout(self.position(x) + self.channel(x)))
