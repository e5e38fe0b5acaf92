"""Quantised DCT coefficients of a JPEG file as binary planes (Yousfi and Fridrich 2020; CAT-Net)."""

from typing import Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmcabl.registry import MODELS

#: Side of JPEG's blocks, px.
BLOCK = 8


@MODELS.register_module()
class DCTVolume(BaseModule):
    r"""One-hot planes of clipped absolute coefficients.

    .. math:: V_k = [\min(|c|, T) = k] \qquad k = 0 \dots T

    Args:
        clip: T; 20 gives CAT-Net's 21 planes.
    """

    levels: Tensor

    def __init__(self, clip: int = 20, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.clip = clip
        self.register_buffer('levels', torch.arange(clip + 1, dtype=torch.int16)[:, None, None], persistent=False)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Integers (B, H, W) to (B, T + 1, H, W) bool, whose sum over planes is 1."""
        return coefficients.to(torch.int32).abs().clamp_max(self.clip).to(torch.int16)[:, None] == self.levels


def by_frequency(x: Tensor) -> Tensor:
    """(B, H, W) laid out block by block to (64, B, H / 8, W / 8): one map for each place in a block, row by row."""
    batch, height, width = x.shape
    blocks = x.reshape(batch, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return blocks.permute(2, 4, 0, 1, 3).reshape(BLOCK * BLOCK, batch, height // BLOCK, width // BLOCK)
