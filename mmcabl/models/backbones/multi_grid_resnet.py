"""mmpretrain's ResNet with a dilation of its own for each block of the last stage."""

from typing import Sequence

from mmpretrain.models.backbones import ResNet

from mmcabl.registry import MODELS


@MODELS.register_module()
class MultiGridResNet(ResNet):
    """A ResNet whose last stage keeps its input's size and widens block by block, as MVSS-Net's.

    Args:
        depth: 50, 101 or 152: of bottleneck blocks.
        strides: of the stages; the last is not halved.
        out_indices: stages that are given back; all four.
        multi_grid: dilations of the blocks of the last stage, one each.
        **kwargs: of ``mmpretrain.ResNet``; parameter names are its own, so its checkpoints fit.

    Raises:
        ValueError: another number of dilations than blocks, or a ResNet of basic blocks.
    """

    def __init__(self, depth: int = 50, strides: Sequence[int] = (1, 2, 2, 1),
                 out_indices: Sequence[int] = (0, 1, 2, 3), multi_grid: Sequence[int] = (1, 2, 4), **kwargs) -> None:
        super().__init__(depth, strides=strides, out_indices=out_indices, **kwargs)
        blocks = getattr(self, self.res_layers[-1])
        if len(blocks) != len(multi_grid) or not hasattr(blocks[0], 'conv3'):
            raise ValueError(f'multi_grid of MultiGridResNet is {tuple(multi_grid)} at depth {depth}; accepted is a '
                             f'dilation for each of the {len(blocks)} blocks of the last stage, at depths from 50.')
        for block, rate in zip(blocks, multi_grid):
            block.conv2.dilation = block.conv2.padding = (rate, rate)
