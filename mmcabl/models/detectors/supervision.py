"""Losses on masks that detectors share: dice, and the boundary of a mask as a truth of its own."""

from typing import Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmcabl.models.detectors.base import IGNORED


def manipulated(truth: Tensor) -> Tensor:
    """(B,) bool: images (B, H, W) with a manipulated pixel in their truth."""
    return (truth == 1).flatten(1).any(1)


def dice_loss(logits: Tensor, truth: Tensor, use: Tensor) -> Tensor:
    r"""Mean over the images of :math:`1 - 2 \sum_i p_i y_i / (\sum_i p_i^2 + \sum_i y_i^2)`, p being the sigmoid.

    Args:
        logits: (B, H, W).
        truth: (B, H, W): 0, 1, or 255, which is left out of the sums.
        use: (B,) bool: the images that count; 0 if there is none, and still part of the graph.
    """
    known = (truth != IGNORED).flatten(1)
    found = logits.float().sigmoid().flatten(1) * known
    wanted = (truth == 1).flatten(1).to(found)
    total = (found.square() + wanted).sum(1).clamp_min(torch.finfo(found.dtype).tiny)
    loss = 1 - 2 * (found * wanted).sum(1) / total
    return (loss * use).sum() / use.sum().clamp_min(1)


def boundary_of(truth: Tensor, size: Tuple[int, int]) -> Tensor:
    """The boundary of the manipulated area, a pixel on either side, on a coarser grid.

    The papers do not say how a mask becomes edges. Our reading: dilation minus erosion by 3 x 3, and a coarse cell
    has an edge if a pixel in it has. A cell with an unknown pixel and no edge is unknown.

    Args:
        truth: (B, H, W) as of :func:`truth_of`.
        size: (h, w) of the result.

    Returns:
        (B, h, w) int64: 0, 1, 255.
    """
    inside = (truth == 1).float()[:, None]
    edges = F.max_pool2d(inside, 3, 1, 1) + F.max_pool2d(-inside, 3, 1, 1)
    edges = F.adaptive_max_pool2d(edges, size)[:, 0] > 0
    unknown = F.adaptive_max_pool2d((truth == IGNORED).float()[:, None], size)[:, 0] > 0
    return torch.where(edges, 1, torch.where(unknown, IGNORED, 0))
