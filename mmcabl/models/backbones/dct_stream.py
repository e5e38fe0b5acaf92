"""CAT-Net's DCT stream: from quantised coefficients and their table to features at 1/8 and coarser."""

from typing import Sequence, Tuple

import torch
from mmengine.model import BaseModule
from mmpretrain.models.backbones.resnet import BasicBlock, ResLayer
from torch import Tensor, nn

from mmcabl.models.layers.dct_volume import BLOCK, DCTVolume, by_frequency
from mmcabl.models.layers.high_resolution import basic_stage, conv_norm_relu, high_resolution_stage
from mmcabl.registry import MODELS


@MODELS.register_module()
class DCTStream(BaseModule):
    """Binary planes, convolutions with 8 px between their taps, the 64 frequencies as channels, then an HRNet.

    A convolution of dilation 8 sees one frequency in neighbouring blocks. It is done here as a plain one on the
    64 maps of one frequency each, which is the same and needs no dilation; in evaluation one row of frequencies is
    worked on at a time, so its maps, 64 channels at full size, are never all there.

    Args:
        channels: of the branches at 1/8, 1/16, 1/32.
        modules: of the stages with two and with three branches.
        blocks: residual blocks before them, and of each branch in a module.
        norm_cfg: batch norms; CAT-Net's have a momentum of 0.01.
        clip: of :class:`mmcabl.DCTVolume`.
    """

    #: Channels of the planes' convolution, and what is kept of them for each frequency.
    WIDE, KEPT = 64, 4

    def __init__(self, channels: Sequence[int] = (96, 192, 384), modules: Sequence[int] = (3, 2), blocks: int = 4,
                 norm_cfg: dict = dict(type='BN', momentum=0.01), clip: int = 20, init_cfg: dict = None) -> None:
        super().__init__(init_cfg)
        momentum = norm_cfg.get('momentum', 0.1)
        self.volume = DCTVolume(clip)
        self.stem = nn.Sequential(
            nn.Conv2d(clip + 1, self.WIDE, 3, padding=1), nn.BatchNorm2d(self.WIDE, momentum=momentum),
            nn.ReLU(inplace=True), nn.Conv2d(self.WIDE, self.KEPT, 1, bias=False),
            nn.BatchNorm2d(self.KEPT, momentum=momentum), nn.ReLU(inplace=True))
        first, second, third = channels
        self.blocks = ResLayer(BasicBlock, blocks, 2 * self.KEPT * BLOCK * BLOCK, first, norm_cfg=norm_cfg)
        self.transition3 = conv_norm_relu(first, second, 2, norm_cfg)
        self.stage3 = high_resolution_stage(basic_stage(modules[0], channels[:2], blocks), norm_cfg)
        self.transition4 = conv_norm_relu(second, third, 2, norm_cfg)
        self.stage4 = high_resolution_stage(basic_stage(modules[1], channels, blocks), norm_cfg)

    def frequencies(self, coefficients: Tensor, table: Tensor) -> Tensor:
        """The stem: (B, H, W) and (B, 8, 8) to (B, 512, H / 8, W / 8): four features of each frequency, and the same
        times its step in the table."""
        maps = by_frequency(coefficients)  # (64, B, h, w)
        dtype = self.stem[0].weight.dtype
        parts = [self.stem(self.volume(part.flatten(0, 1)).to(dtype)).unflatten(0, part.shape[:2])
                 for part in ([maps] if self.training else maps.split(BLOCK))]
        found = torch.cat(parts).permute(1, 2, 0, 3, 4)  # (B, 4, 64, h, w)
        scaled = found * table.to(found).reshape(-1, 1, BLOCK * BLOCK, 1, 1)
        return torch.cat([found.flatten(1, 2), scaled.flatten(1, 2)], 1)

    def forward(self, coefficients: Tensor, table: Tensor) -> Tuple[Tensor, ...]:
        """Features of three branches.

        Args:
            coefficients: (B, H, W) integers, block by block in place, sides multiples of 8.
            table: (B, 8, 8), their quantisation steps.

        Returns:
            (B, channels[i], H / 2^(3 + i), W / 2^(3 + i)), rounded up.
        """
        x = self.blocks(self.frequencies(coefficients, table))
        x = self.stage3([x, self.transition3(x)])
        return tuple(self.stage4([*x, self.transition4(x[-1])]))
