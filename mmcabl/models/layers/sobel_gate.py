"""MVSS-Net's gate: features pass where their sum over channels has an edge."""

from typing import Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.edge import _Length
from mmcabl.registry import MODELS

#: Horizontal and vertical derivative as the published batch norms have learnt them: not scaled, in these directions.
SOBEL = (((1, 0, -1), (2, 0, -2), (1, 0, -1)), ((1, 2, 1), (0, 0, 0), (-1, -2, -1)))


@MODELS.register_module()
class SobelGate(BaseModule):
    r"""MVSS-Net's Sobel layer (Chen et al. 2021, section 3.1).

    With :math:`s = \sum_c x_c`, the two Sobel kernels :math:`k_x, k_y` and a batch norm of one channel behind each,

    .. math:: y = x \cdot \sigma\left(\sqrt{\mathrm{BN}_x(k_x * s)^2 + \mathrm{BN}_y(k_y * s)^2}\right)

    One edge map serves all channels, and the gate lies in [1/2, 1]. Outside the map there are zeros, so a frame of a
    map that is not 0 counts as an edge, as in the published network.
    """

    kernels: Tensor

    def __init__(self, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.register_buffer('kernels', torch.tensor(SOBEL, dtype=torch.float32)[:, None], persistent=False)
        self.norm_x, self.norm_y = nn.BatchNorm2d(1), nn.BatchNorm2d(1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        with torch.autocast(x.device.type, enabled=False):  # a sum of 2,048 channels is too much for float16
            total = x.sum(1, keepdim=True, dtype=self.kernels.dtype)
            gx, gy = F.conv2d(total, self.kernels, padding=1).split(1, 1)
            gate = _Length.apply(self.norm_x(gx), self.norm_y(gy)).sigmoid()
        return gate.to(x.dtype) * x
