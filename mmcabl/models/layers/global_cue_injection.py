"""Global cue injection: shallow features scaled and shifted by what the deep ones found anywhere."""

from typing import Optional

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor

from mmcabl.registry import MODELS


@MODELS.register_module()
class GlobalCueInjection(BaseModule):
    r"""Adaptive instance normalisation of shallow features (Araslanov and Roth, CVPR 2020).

    .. math::
        (\gamma, \beta) = \max_i \mathrm{fc}_d(x^d)_i, \qquad
        y = \mathrm{fc}_y\left(\mathrm{ReLU}\left((1 + \gamma)\, \mathrm{fc}_s(x^s) + \beta\right)\right)

    All three are 1 x 1 convolutions with batch norms; that of ``fc_s`` has no gain and no bias of its own.

    Args:
        shallow_channels: of the shallow features.
        deep_channels: of the deep features, and of the result.
        norm_cfg: of the batch norms.
    """

    def __init__(self, shallow_channels: int, deep_channels: int, norm_cfg: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        norm_cfg = norm_cfg or dict(type='BN')
        self.deep = ConvModule(deep_channels, 2 * deep_channels, 1, norm_cfg=norm_cfg)
        self.shallow = ConvModule(shallow_channels, deep_channels, 1, norm_cfg=dict(norm_cfg, affine=False),
                                  act_cfg=None)
        self.merge = ConvModule(deep_channels, deep_channels, 1, norm_cfg=norm_cfg)

    def forward(self, shallow: Tensor, deep: Tensor) -> Tensor:
        """(B, shallow_channels, H, W), (B, deep_channels, h, w) -> (B, deep_channels, H, W)."""
        gain, shift = self.deep(deep).amax((2, 3), keepdim=True).chunk(2, 1)
        return self.merge((self.shallow(shallow) * (1 + gain) + shift).relu())
