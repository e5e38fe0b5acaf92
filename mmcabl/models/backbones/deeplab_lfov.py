"""DeepLab-LargeFOV: VGG-16 at an eighth of the size, with a wide field of view."""

from typing import Optional, Sequence, Tuple

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmengine.model.weight_init import xavier_init
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.tf1 import max_pool_same
from mmcabl.registry import MODELS

#: Layers of each block, and their dilation; the last two were VGG's fully connected layers.
DEPTHS = (2, 2, 3, 3, 3)
DILATIONS = (1, 1, 1, 1, 2)
WIDTHS = (64, 128, 256, 512, 512, 1024)


@MODELS.register_module()
class DeepLabLargeFOV(BaseModule):
    """DeepLab-LargeFOV (Chen et al. 2015) with batch normalisation, as GSR-Net has it.

    Pooling is 3 x 3, by 2 behind the first three blocks, by 1 behind the others, of TensorFlow's padding ``SAME``.
    Blocks 1 to 5 are normalised by the batch's OWN mean and variance in testing too (eps 1e-5): the public code never
    reads the averages that it stores. An image alone is its batch, so its result does not depend on others. Biases of
    convolutions in front of such a normalisation cancel out; there are none.

    Args:
        widths: channels of the five blocks and of the two layers behind them (``fc6`` with dilation 12, ``fc7``).
        dropout: of those two in training.
        init_cfg: as of any mmengine module.

    Returns, for (B, 3, H, W) in BGR minus mean, four maps: blocks 2 (1/2), 3 (1/4), 4 (1/8) before pooling, and
    ``fc7`` (1/8); sizes are rounded up.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS, dropout: float = 0.5,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        norm = dict(type='BN', eps=1e-5, track_running_stats=False)
        self.blocks = nn.ModuleList()
        channels = 3
        for width, depth, dilation in zip(widths, DEPTHS, DILATIONS):
            layers = [ConvModule(channels if i == 0 else width, width, 3, padding=dilation, dilation=dilation,
                                 norm_cfg=norm) for i in range(depth)]
            self.blocks.append(nn.Sequential(*layers))
            channels = width
        self.fc6 = nn.Conv2d(channels, widths[-1], 3, padding=12, dilation=12)
        self.fc7 = nn.Conv2d(widths[-1], widths[-1], 1)
        self.dropout = nn.Dropout(dropout)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                xavier_init(module, distribution='uniform')

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        kept = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            kept.append(x)
            x = max_pool_same(x, 2 if index < 3 else 1)
        x = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        for layer in (self.fc6, self.fc7):
            x = self.dropout(F.relu(layer(x)))
        return kept[1], kept[2], kept[3], x
