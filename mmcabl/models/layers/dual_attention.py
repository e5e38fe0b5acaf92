"""Dual attention (Fu et al., CVPR 2019): every position looks at all positions, every channel at all channels."""

from typing import Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.registry import MODELS


@MODELS.register_module()
class PositionAttention(BaseModule):
    r"""Self-attention of positions.

    With 1 x 1 convolutions b, c (to C / 8 channels) and d, columns being the N = H W positions,

    .. math:: y = \alpha \, d(x) \, \mathrm{softmax}\left(b(x)^\top c(x)\right)^\top + x

    Args:
        channels: C.

    ``alpha`` is learnt and begins with 0.
    """

    def __init__(self, channels: int, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.query, self.key = (nn.Conv2d(channels, channels // 8, 1) for _ in range(2))
        self.value = nn.Conv2d(channels, channels, 1)
        self.alpha = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        query, key, value = (part(x).flatten(2).transpose(1, 2) for part in (self.query, self.key, self.value))
        found = F.scaled_dot_product_attention(query, key, value, scale=1.)
        return self.alpha * found.transpose(1, 2).reshape(x.shape) + x


@MODELS.register_module()
class ChannelAttention(BaseModule):
    r"""Self-attention of channels: those that are least alike weigh most.

    With :math:`x` as a matrix (C, N) and :math:`a = x x^\top`,

    .. math:: y = \beta \, \mathrm{softmax}\left(\max_j a_{ij} - a_{ij}\right) x + x

    ``beta`` is learnt and begins with 0.
    """

    def __init__(self, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.beta = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        flat = x.flatten(2)
        with torch.autocast(x.device.type, enabled=False):  # sums over all positions are too much for float16
            wide = flat.float() if flat.dtype in (torch.float16, torch.bfloat16) else flat
            alike = wide @ wide.transpose(1, 2)
            attention = (alike.amax(-1, keepdim=True) - alike).softmax(-1)
        return self.beta * (attention.to(flat.dtype) @ flat).reshape(x.shape) + x
