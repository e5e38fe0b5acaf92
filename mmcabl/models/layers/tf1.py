"""Operations as TensorFlow 1 defines them, where PyTorch's differ by a part of a pixel."""

from typing import Tuple

import torch
from torch import Tensor
from torch.nn import functional as F


def _interpolate(x: Tensor, size: int, dim: int) -> Tensor:
    inside = x.shape[dim]
    place = torch.arange(size, device=x.device, dtype=torch.float32) * (inside / size)
    low = place.long().clamp(max=inside - 1)
    high = (low + 1).clamp(max=inside - 1)
    share = (place - low).to(x.dtype).reshape([-1 if d == dim else 1 for d in range(x.dim())])
    left = x.index_select(dim, low)
    return torch.lerp(left, x.index_select(dim, high), share.expand_as(left))


def resize_bilinear(x: Tensor, size: Tuple[int, int]) -> Tensor:
    r"""TensorFlow 1's ``tf.image.resize_bilinear``: no half-pixel centres, no aligned corners.

    Along each axis, n values become m by

    .. math::
        y_j = (1 - t)\,x_{l} + t\,x_{\min(l + 1, n - 1)}, \quad l = \lfloor j n / m \rfloor, \quad t = j n / m - l

    so pixel 0 stays where it is, and the last m / n pixels repeat the last value. PyTorch's
    ``interpolate(align_corners=False)`` takes (j + 1/2) n / m - 1/2 in place of j n / m, ``align_corners=True``
    j (n - 1) / (m - 1).

    Args:
        x: (B, C, h, w).
        size: (H, W).

    Returns:
        (B, C, H, W).
    """
    dims = x.dim() - 1, x.dim() - 2
    for dim, target in zip(dims, reversed(size)):
        if x.shape[dim] != target:
            x = _interpolate(x, target, dim)
    return x


def max_pool_same(x: Tensor, stride: int = 1) -> Tensor:
    """Maximum over 3 x 3 windows, TensorFlow's padding ``SAME``: (B, C, H, W) to (B, C, ceil(H / s), ceil(W / s)).

    At stride s = 2 the padding is on both sides of an odd number of pixels, and behind an even one only.

    Raises:
        ValueError: a stride other than 1 and 2.
    """
    if stride not in (1, 2):
        raise ValueError(f'stride of max_pool_same is {stride}; accepted are 1 and 2.')
    if stride == 1:
        return F.max_pool2d(x, 3, 1, 1)
    return F.max_pool2d(x, 3, 2, (x.shape[-2] % 2, x.shape[-1] % 2), ceil_mode=True)
