"""The stochastic gate: deep features in training, now and then replaced by shallow ones."""

from typing import Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmcabl.registry import MODELS


@MODELS.register_module()
class StochasticGate(BaseModule):
    r"""Mixes deep and shallow features (Araslanov and Roth, CVPR 2020).

    In evaluation :math:`(1 - \psi) x^d + \psi x^s`. In training each entry is drawn: with probability
    :math:`1 - \psi` it is :math:`(x^d - \psi x^s) / (1 - \psi)`, otherwise :math:`x^s`; so its expectation is
    :math:`x^d`.

    Args:
        psi: in [0, 1).
    """

    def __init__(self, psi: float = 0.3) -> None:
        super().__init__()
        if not 0 <= psi < 1:
            raise ValueError(f'StochasticGate was given psi={psi}; it accepts 0 <= psi < 1.')
        self.psi = psi

    def forward(self, deep: Tensor, shallow: Tensor, keep: Optional[Tensor] = None) -> Tensor:
        """Same shape as both, (B, C, H, W).

        Args:
            deep, shallow: features.
            keep: in training, 1 where the deep feature is kept, 0 where it is replaced; drawn by default.
        """
        if not self.training:
            return (1 - self.psi) * deep + self.psi * shallow
        if keep is None:
            keep = torch.empty_like(deep).bernoulli_(1 - self.psi)
        return torch.where(keep > 0, (deep - self.psi * shallow) / (1 - self.psi), shallow)

    def extra_repr(self) -> str:
        return f'psi={self.psi}'
