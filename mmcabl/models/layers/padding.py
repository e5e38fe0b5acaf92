"""Padding by reflection that repeats the border, as ``numpy.pad``'s ``symmetric``, of images of any size."""

from typing import Tuple

import torch
from torch import Tensor


def _indices(size: int, before: int, after: int, device: torch.device) -> Tensor:
    """Which of ``size`` positions stands at each place from ``-before`` to ``size + after``."""
    place = torch.arange(-before, size + after, device=device) % (2 * size)
    return torch.minimum(place, 2 * size - 1 - place)


def symmetric_pad(x: Tensor, padding: Tuple[int, int, int, int]) -> Tensor:
    """Mirror an image at its outer pixels' far edges: a b c becomes b a a b c c b.

    Args:
        x: (..., H, W), at least one pixel; padding may be larger than the image.
        padding: px at the left, right, top, bottom, the order of ``torch.nn.functional.pad``.

    Returns:
        (..., top + H + bottom, left + W + right).
    """
    left, right, top, bottom = padding
    if left or right:
        x = x.index_select(-1, _indices(x.shape[-1], left, right, x.device))
    if top or bottom:
        x = x.index_select(-2, _indices(x.shape[-2], top, bottom, x.device))
    return x
