"""MVSS-Net's edge-supervised branch: edges of four stages, from shallow to deep, into one edge map."""

from typing import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.sobel_gate import SobelGate
from mmcabl.registry import MODELS


class EdgeResidualBlock(nn.Module):
    """1 x 1 convolution, then two of 3 x 3 (a batch norm and a ReLU between) whose result is added to it."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 1)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.bn = nn.BatchNorm2d(out_channels)
        self.conv3 = nn.Conv2d(out_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H, W)."""
        x = self.conv1(x)
        return x + self.conv3(self.bn(self.conv2(x)).relu())


@MODELS.register_module()
class EdgeResidualHead(BaseModule):
    r"""Edge residual blocks :math:`e_i` behind Sobel gates :math:`g_i`, joined by blocks :math:`t_i` (Fig. 3).

    .. math::
        r_1 = [e_1(g_1(x_1))]_+ \qquad r_i = [t_{i-1}(r_{i-1} + {\uparrow} [e_i(g_i(x_i))]_+)]_+

    where the last :math:`t` is not rectified: its output are logits. Upsampling is bilinear, with aligned corners, to
    the size of the first stage.

    Args:
        in_channels: of the stages, from shallow to deep.
        channels: of the edge maps.
    """

    def __init__(self, in_channels: Sequence[int] = (256, 512, 1024, 2048), channels: int = 1,
                 init_cfg: dict = None) -> None:
        super().__init__(init_cfg)
        self.gates = nn.ModuleList(SobelGate() for _ in in_channels)
        self.blocks = nn.ModuleList(EdgeResidualBlock(n, channels) for n in in_channels)
        self.joints = nn.ModuleList(EdgeResidualBlock(channels, channels) for _ in in_channels[1:])

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Features of each stage to edge logits (B, channels, H, W) of the first stage's size."""
        edges = [block(gate(x)).relu() for gate, block, x in zip(self.gates, self.blocks, features)]
        found, size = edges[0], edges[0].shape[-2:]
        for joint, deeper in zip(self.joints, edges[1:]):
            found = joint(found + F.interpolate(deeper, size=size, mode='bilinear', align_corners=True))
            if joint is not self.joints[-1]:
                found = found.relu()
        return found
