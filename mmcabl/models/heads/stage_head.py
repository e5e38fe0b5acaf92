"""The decoder of Araslanov and Roth: ASPP, a skip connection, global cue injection and the stochastic gate."""

from typing import Optional, Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.aspp import ASPP
from mmcabl.models.layers.global_cue_injection import GlobalCueInjection
from mmcabl.models.layers.stochastic_gate import StochasticGate
from mmcabl.registry import MODELS


@MODELS.register_module()
class StageHead(BaseModule):
    """Class logits at the size of a backbone's first stage (Araslanov and Roth, CVPR 2020).

    Args:
        in_channels: of the last stage.
        skip_channels: of the first stage.
        channels: of all that is decoded.
        reduced_channels: of the first stage where it joins the deep features.
        num_classes: without the background; 1: "manipulated".
        psi: of :class:`mmcabl.StochasticGate`.
        aspp: options of :class:`mmcabl.ASPP`. The paper trains with ``norm_eval=True``.
        dropout: after the ASPP and after the first convolution of the classifier; after its second a fifth of that.
        norm_cfg: of the batch norms.
        init_cfg: as of any mmengine module.

    A backbone's tuple -> (B, num_classes, h, w), (h, w) of the first stage; the background is not among them.
    """

    def __init__(self, in_channels: int = 2048, skip_channels: int = 256, channels: int = 256,
                 reduced_channels: int = 48, num_classes: int = 1, psi: float = 0.3, aspp: Optional[dict] = None,
                 dropout: float = 0.5, norm_cfg: Optional[dict] = None,
                 init_cfg: Optional[dict] = dict(type='Kaiming', layer='Conv2d', mode='fan_in')) -> None:
        super().__init__(init_cfg)
        norm_cfg = norm_cfg or dict(type='BN')
        self.aspp = ASPP(in_channels, channels, **{'dropout': dropout, 'norm_cfg': norm_cfg, **(aspp or {})})
        self.reduce = ConvModule(skip_channels, reduced_channels, 1, norm_cfg=norm_cfg)
        self.join = ConvModule(channels + reduced_channels, channels, 3, padding=1, norm_cfg=norm_cfg)
        self.cues = GlobalCueInjection(skip_channels, channels, norm_cfg)
        self.gate = StochasticGate(psi)
        self.decode = nn.Sequential(
            ConvModule(channels, channels, 3, padding=1, norm_cfg=norm_cfg), nn.Dropout(dropout),
            ConvModule(channels, channels, 3, padding=1, norm_cfg=norm_cfg), nn.Dropout(dropout / 5))
        self.classify = nn.Conv2d(channels, num_classes, 1)

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        skip, deep = feats[0], self.aspp(feats[-1])
        reduced = self.reduce(skip)
        deep = F.interpolate(deep, size=reduced.shape[-2:], mode='bilinear', align_corners=True)
        deep = self.join(torch.cat([deep, reduced], 1))
        return self.classify(self.decode(self.gate(deep, self.cues(skip, deep))))
