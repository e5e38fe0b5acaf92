"""ManTra-Net's feature extractor: what was done to an image around each pixel."""

from typing import Optional, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.bayar import BayarConv2d
from mmcabl.models.layers.padding import symmetric_pad
from mmcabl.models.layers.srm import SRMConv2d
from mmcabl.registry import MODELS

#: Maps of the twelve 3 x 3 convolutions: VGG's blocks of 2, 2, 3, 3 and 3 without pooling.
WIDTHS = (32, 64, 64, 128, 128, 128, 256, 256, 256, 256, 256, 256)


@MODELS.register_module()
class ManTraFeatures(BaseModule):
    """Image manipulation trace features (Wu et al. 2019, Sec. 3): VGG at full size behind three kinds of filters.

    The first layer is learnt filters, SRM's (:class:`mmcabl.models.layers.srm.SRMConv2d`, fixed) and Bayar's
    (:class:`mmcabl.models.layers.bayar.BayarConv2d`), side by side. All convolutions keep the size; borders are
    mirrored. The last one's features are brought to length 1.

    Args:
        free_filters: learnt filters of the first layer: 4 makes 16 in all, which the published weights have.
        widths: maps of the 3 x 3 convolutions.
        init_cfg: as of any mmengine module.
    """

    def __init__(self, free_filters: int = 4, widths: Sequence[int] = WIDTHS,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.free = nn.Conv2d(3, free_filters, 5, bias=False)
        self.srm = SRMConv2d(bank='planes', padding=0)
        self.bayar = BayarConv2d(3, 3, 5)
        sides = (free_filters + 12, *widths)
        # a border of one pixel that is mirrored is one that is repeated
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1, padding_mode='replicate')
                                   for i, o in zip(sides, sides[1:]))
        for conv in (self.free, *self.convs):
            nn.init.xavier_uniform_(conv.weight)
        self.out_channels = sides[-1]

    @property
    def radius(self) -> int:
        """How many px away a pixel can be that a feature depends on."""
        return 2 + len(self.convs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W), RGB, 0 to 255, to (B, 256, H, W) of length 1; any size from 1 x 1."""
        x = symmetric_pad(x / 255 * 2 - 1, (2, 2, 2, 2))
        x = F.relu(torch.cat([self.free(x), self.srm(x), self.bayar(x)], 1))
        for conv in self.convs[:-1]:
            x = F.relu(conv(x), inplace=True)
        return F.normalize(self.convs[-1](x), dim=1)
