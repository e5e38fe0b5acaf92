"""Consistency volumes: how little any two patches of an image have to do with each other."""

from typing import Optional, Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.registry import MODELS


def _embedding(in_channels: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, in_channels, 1), nn.LeakyReLU(), nn.Conv2d(in_channels, channels, 1))


@MODELS.register_module()
class ConsistencyVolume(BaseModule):
    r"""Inconsistency of each pair of positions of a feature map (WSCL, Zhai et al., ICCV 2023).

    .. math:: V_{ij} = 1 - \sigma\left(\frac{\theta(x_i)^\top \phi(x_j)}{\sqrt{C}}\right)

    with two embeddings of 1 x 1 convolutions; 0: the patches agree, 1: they do not.

    Args:
        in_channels: of the feature map.
        channels: C, of the embeddings; half of ``in_channels`` by default.
        shared: use one embedding for both, so that V is symmetric.

    (B, in_channels, h, w) -> (B, h, w, h, w) in [0, 1]. The volume has (h w)^2 values an image: 38 MB at 56 x 56.
    """

    def __init__(self, in_channels: int, channels: Optional[int] = None, shared: bool = False) -> None:
        super().__init__()
        channels = channels or max(1, in_channels // 2)
        self.theta = _embedding(in_channels, channels)
        self.phi = None if shared else _embedding(in_channels, channels)
        self.scale = channels ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[-2:]
        first = self.theta(x).flatten(2)
        second = first if self.phi is None else self.phi(x).flatten(2)
        likeness = first.transpose(1, 2) @ second / self.scale
        return (1 - likeness.sigmoid()).unflatten(2, size).unflatten(1, size)


def pair_volume(mask: Tensor) -> Tensor:
    """The volume that a mask asks for: 1 where one position is manipulated and the other is not.

    Args:
        mask: (B, 1, h, w), 0 or 1.

    Returns:
        (B, h, w, h, w), 0 or 1, float32.
    """
    size, flat = mask.shape[-2:], mask.flatten(1) > 0.5
    return (flat[:, :, None] != flat[:, None, :]).float().unflatten(2, size).unflatten(1, size)


def volume_map(volume: Tensor, size: Optional[Sequence[int]] = None) -> Tensor:
    """Mean inconsistency of each position with all others.

    Args:
        volume: (B, h, w, h, w).
        size: (H, W) of the result; (h, w) by default.

    Returns:
        (B, 1, H, W), bilinear.
    """
    found = volume.flatten(3).mean(3)[:, None]
    if size is None or tuple(size) == tuple(found.shape[-2:]):
        return found
    return F.interpolate(found, size=tuple(size), mode='bilinear', align_corners=False)
