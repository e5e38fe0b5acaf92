"""Image scores from soft maps: the maximum, or the mean above Otsu's split."""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmcabl.registry import MODELS


@MODELS.register_module()
class GlobalMaxPooling(BaseModule):
    """The largest value of each map, multiple-instance learning's pooling (MIL-FCN; Pathak et al., 2015).

    (B, ...) -> (B,).
    """

    def forward(self, maps: Tensor) -> Tensor:
        return maps.flatten(1).amax(1)


def otsu_split(ordered: Tensor) -> Tensor:
    r"""How many of the smallest values lie below the split of least variance within the two parts.

    Of n values in ascending order the first i and the other n - i have the unbiased variances :math:`v_{<i}` and
    :math:`v_{\ge i}`. What is looked for is a minimum of

    .. math:: c(i) = \frac{i}{n} v_{<i} + \frac{n - i}{n} v_{\ge i}.

    WSCL searches from the middle, m = n // 2, and downwards first; upwards only if the first step down is worse. It
    walks until c grows (a part of one value has no variance and stops nothing). A result below the middle is of no
    use to it, since at most half of the values are taken, so here c is computed from m - 1 on: all splits and all
    maps at once, from running sums in float64.

    Args:
        ordered: (B, n), ascending along the second dimension.

    Returns:
        (B,) int64, m where the walk goes downwards, else in [m, n - 1].
    """
    count = ordered.size(1)
    middle = count // 2
    if count < 3:
        return torch.full_like(ordered[:, 0], middle, dtype=torch.long)
    # about the middle value: a constant part then has variance 0 to the last bit
    values = ordered.detach().double()
    values = values - values[:, middle, None]
    first = max(middle - 1, 1)
    sums, squares = values.cumsum(1), values.square().cumsum(1)
    below = torch.arange(first, count, device=values.device, dtype=values.dtype)
    above = count - below
    low, low_squares = sums[:, first - 1:-1], squares[:, first - 1:-1]
    high, high_squares = sums[:, -1:] - low, squares[:, -1:] - low_squares
    cost = (below / count * (low_squares - low.square() / below) / (below - 1)
            + above / count * (high_squares - high.square() / above) / (above - 1))
    cost[:, (below == 1) | (above == 1)] = torch.nan  # which compares as not worse
    at = middle - first
    upwards = cost[:, 0] > cost[:, at] if at else torch.ones_like(cost[:, 0], dtype=torch.bool)
    worse = cost[:, at + 1:] > cost[:, at:-1]
    steps = torch.where(worse.any(1), worse.int().argmax(1), worse.size(1))
    return middle + steps * upwards


@MODELS.register_module()
class OtsuPooling(BaseModule):
    """Mean of the values above Otsu's split, at most half of them: WSCL's adaptive pooling (Zhai et al., ICCV 2023).

    The split is :func:`otsu_split`'s; it is no part of the gradient, which reaches the values that were taken alike.
    A map of one or two values gives the larger.

    Args:
        portion: part of the values above the split that is taken, from the largest on, in (0, 1]; at least one is.

    (B, ...) -> (B,); same type.
    """

    def __init__(self, portion: float = 1.) -> None:
        super().__init__()
        if not 0 < portion <= 1:
            raise ValueError(f'OtsuPooling was given portion={portion}; it accepts 0 < portion <= 1.')
        self.portion = portion

    def forward(self, maps: Tensor) -> Tensor:
        ordered = maps.flatten(1).sort(1).values
        count = ordered.size(1)
        below = otsu_split(ordered).clamp(min=count // 2 + 1)
        taken = ((count - below).double() * self.portion).long().clamp(min=1)
        chosen = torch.arange(count, device=maps.device) >= count - taken[:, None]
        return ordered.masked_fill(~chosen, 0).sum(1) / taken

    def extra_repr(self) -> str:
        return f'portion={self.portion}'
