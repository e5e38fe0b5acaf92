"""A convolution of enlarged feature maps, side by side, that never makes them."""

from typing import Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.tf1 import resize_bilinear
from mmcabl.registry import MODELS


@MODELS.register_module()
class UpsampledConv2d(BaseModule):
    r"""``conv(concat(up(x_1), ..., up(x_n)))``, up being TensorFlow 1's bilinear enlargement, padding ``SAME``.

    Enlarging mixes positions and each tap of a convolution mixes channels, so they can change places:

    .. math::
        y(p) = \sum_d \Big[\sum_i \mathrm{up}(W^{(i)}_d x_i)\Big](p + d)

    with :math:`W^{(i)}_d` the (out, C_i) matrix of the tap d: k k out channels are enlarged in place of all C_i. For
    GSR-Net's edges, 4 x 4 taps on 896 channels, that is 32.

    Args:
        in_channels: channels of each map, in the order in which they stand side by side.
        out_channels: of the result.
        kernel_size: k; ``SAME`` pads (k - 1) / 2 px, an odd one more at the right and at the bottom.
        init_cfg: as of any mmengine module.

    ``weight`` (out, sum of in_channels, k, k), no bias; it begins normal with deviation 0.02.
    """

    def __init__(self, in_channels: Sequence[int], out_channels: int = 2, kernel_size: int = 4,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.in_channels, self.kernel_size = tuple(in_channels), kernel_size
        self.weight = nn.Parameter(torch.empty(out_channels, sum(in_channels), kernel_size, kernel_size))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, maps: Sequence[Tensor], size: Optional[Tuple[int, int]] = None) -> Tensor:
        """(B, C_i, h_i, w_i) each to (B, out, H, W).

        Args:
            maps: as many as ``in_channels``.
            size: (H, W); the first map's own by default.
        """
        height, width = maps[0].shape[-2:] if size is None else size
        out, k = self.weight.shape[0], self.kernel_size
        taps = maps[0].new_zeros(())
        for x, weight in zip(maps, self.weight.split(self.in_channels, 1)):
            each = weight.permute(2, 3, 0, 1).reshape(k * k * out, -1, 1, 1)
            taps = taps + resize_bilinear(F.conv2d(x, each), (height, width))
        before = (k - 1) // 2
        taps = F.pad(taps, (before, k - 1 - before) * 2)
        parts = (taps[:, t * out:(t + 1) * out, t // k:t // k + height, t % k:t % k + width] for t in range(k * k))
        return sum(parts, start=taps.new_zeros(()))

    def extra_repr(self) -> str:
        return f'{self.in_channels}, {self.weight.shape[0]}, kernel_size={self.kernel_size}'
