"""Normalised global weighted pooling with its focal penalty: class scores from class maps."""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmcabl.registry import MODELS


def with_background(logits: Tensor) -> Tensor:
    """Logits (B, C, h, w) with the constant background score 1 in front, (B, C + 1, h, w)."""
    return torch.cat([torch.ones_like(logits[:, :1]), logits], 1)


def focal_penalty(share: Tensor, p: float = 3., weight: float = 0.01) -> Tensor:
    """``(1 - share)^p log(weight + share)``: near 0 where a class covers something, low where it covers nothing.

    Args:
        share: mean of a class's mask, in [0, 1], any shape.
        p: how soon the penalty fades as a mask grows.
        weight: lambda; the least is ``log(weight)``.
    """
    return (1 - share).clamp(min=0).pow(p) * torch.log(weight + share)


@MODELS.register_module()
class NormalizedGlobalWeightedPooling(BaseModule):
    r"""Class scores of Araslanov and Roth (CVPR 2020).

    With logits :math:`y_c`, the constant background :math:`y_0 = 1` and :math:`m = \mathrm{softmax}(y)`,

    .. math::
        s_c = \frac{\sum_i m_{ci}\, y_{ci}}{1 + \sum_i m_{ci}} + (1 - \bar m_c)^p \log(\lambda + \bar m_c),
        \qquad \bar m_c = \frac{1}{hw} \sum_i m_{ci}.

    Args:
        p, weight: of the penalty, the second term; see :func:`focal_penalty`. ``weight=None``: no penalty.

    (B, C, h, w) logits without the background -> (B, C) scores, unbounded; their sigmoid is a probability.
    """

    def __init__(self, p: float = 3., weight: float = 0.01) -> None:
        super().__init__()
        if weight is not None and weight <= 0:
            raise ValueError(f'NormalizedGlobalWeightedPooling was given weight={weight}; it accepts more than 0, or '
                             'None for no penalty.')
        self.p, self.weight = p, weight

    def forward(self, logits: Tensor) -> Tensor:
        masks = with_background(logits).softmax(1)[:, 1:].flatten(2)
        score = (logits.flatten(2) * masks).sum(2) / (1 + masks.sum(2))
        return score if self.weight is None else score + focal_penalty(masks.mean(2), self.p, self.weight)

    def extra_repr(self) -> str:
        return f'p={self.p}, weight={self.weight}'
