"""Multi-source consistency: every source's map is drawn to what all of them see."""

from typing import Dict, Mapping, Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmcabl.registry import MODELS


def weighted_mean(maps: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Mean of the sources' maps, of one shape, by weights that are scaled to the sum 1."""
    total = sum(weights[source] for source in maps)
    return sum(weights[source] / total * found for source, found in maps.items())


def superpixel_mean(maps: Tensor, superpixels: Tensor) -> Tensor:
    """Each pixel's value replaced by the mean over its superpixel.

    Args:
        maps: (B, 1, h, w).
        superpixels: (B, 1, h, w) numbers of superpixels, from 0, an image's own.
    """
    each = superpixels.flatten(1).long()
    count = int(each.max()) + 1
    each = (each + count * torch.arange(len(each), device=each.device)[:, None]).flatten()
    sums, areas = (torch.zeros(count * len(maps), dtype=maps.dtype, device=maps.device).index_add_(0, each, values)
                   for values in (maps.flatten(), torch.ones_like(maps).flatten()))
    return (sums / areas.clamp(min=1))[each].view_as(maps)


def consensus(maps: Tensor, labels: Tensor, soft: bool = False, zeros_on_authentic: bool = False) -> Tensor:
    """The map that the sources are to agree on.

    Args:
        maps: (B, 1, h, w), the mean over the sources, in [0, 1].
        labels: (B,) 0 or 1.
        soft: the mean itself. By default it is made hard: 1 where it is more than 0.5; where nothing in a manipulated
            image is, at its maximum; 0 in authentic images.
        zeros_on_authentic: a soft target too is 0 in authentic images.

    Returns:
        (B, 1, h, w), no part of the gradient.
    """
    maps = maps.detach()
    manipulated = labels.view(-1, 1, 1, 1) > 0
    if soft:
        return maps * manipulated if zeros_on_authentic else maps
    peak = maps.amax((1, 2, 3), keepdim=True)
    return (((maps > 0.5) | ((peak <= 0.5) & (maps == peak))) & manipulated).to(maps.dtype)


@MODELS.register_module()
class MultiSourceConsistencyLoss(BaseModule):
    r"""WSCL's multi-source consistency (Zhai et al., ICCV 2023): the sum over sources s of

    .. math:: \frac{1}{N} \sum_i (M^s_i - T_i)^2, \qquad T = \mathrm{hard}\left(\sum_s w_s M^s\right).

    Args:
        weights: w of each source by its name, scaled to the sum 1. The paper's: 1 (RGB), 2 (SRM), 2 (Bayar).
        soft, zeros_on_authentic: of the target; see :func:`consensus`.
    """

    def __init__(self, weights: Mapping[str, float], soft: bool = False, zeros_on_authentic: bool = False) -> None:
        super().__init__()
        if not weights or min(weights.values()) < 0 or sum(weights.values()) <= 0:
            raise ValueError(f'MultiSourceConsistencyLoss was given weights={dict(weights)}; it accepts a weight of '
                             '0 or more for each source, one of them more than 0.')
        self.weights, self.soft, self.zeros_on_authentic = dict(weights), soft, zeros_on_authentic

    def target(self, maps: Mapping[str, Tensor], labels: Tensor, superpixels: Optional[Tensor] = None) -> Tensor:
        """T, (B, 1, h, w); with ``superpixels`` the mean is averaged over each of them first."""
        mean = weighted_mean({source: found.detach() for source, found in maps.items()}, self.weights)
        if superpixels is not None:
            mean = superpixel_mean(mean, superpixels)
        return consensus(mean, labels, self.soft, self.zeros_on_authentic)

    def forward(self, maps: Mapping[str, Tensor], target: Tensor) -> Dict[str, Tensor]:
        """Mean squared error of each source.

        Args:
            maps: (B, 1, h, w) in [0, 1] by source.
            target: of :meth:`target`.
        """
        return {source: F.mse_loss(found, target) for source, found in maps.items()}
