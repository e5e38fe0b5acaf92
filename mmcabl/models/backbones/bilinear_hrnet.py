"""mmpretrain's HRNet with bilinear fusion."""

from typing import Any, Dict, Sequence

from mmengine.model import Sequential
from mmpretrain.models.backbones import HRNet
from torch import nn

from mmcabl.models.layers.high_resolution import high_resolution_stage
from mmcabl.registry import MODELS


@MODELS.register_module()
class BilinearHRNet(HRNet):
    """HRNet whose branches are fused bilinearly, at sides of any length, as HRNetV2 for segmentation.

    Parameter names are mmpretrain's, so its checkpoints fit.

    Args:
        **kwargs: of ``mmpretrain.HRNet``; ``norm_cfg`` also holds in the first stage, where upstream forgets it.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        for layer in self.layer1.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = self.norm_cfg.get('momentum', layer.momentum)

    def _make_stage(self, layer_config: Dict[str, Any], in_channels: Sequence[int],
                    multiscale_output: bool = True) -> Sequential:
        return high_resolution_stage(layer_config, self.norm_cfg, self.with_cp)
