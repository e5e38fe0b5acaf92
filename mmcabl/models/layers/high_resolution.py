"""Parts of high-resolution networks: mmpretrain's, fused bilinearly at any size."""

from typing import Any, Dict, List, Optional, Sequence

from mmengine.model import Sequential
from mmpretrain.models.backbones.hrnet import HRModule, HRNet
from torch import Tensor, nn
from torch.nn import functional as F


def resized(x: Tensor, like: Tensor) -> Tensor:
    """``x`` (B, C, h, w) bilinearly at the size of ``like``."""
    return F.interpolate(x, like.shape[-2:], mode='bilinear', align_corners=False)


class BilinearHRModule(HRModule):
    """mmpretrain's module with the fusion of HRNetV2 for segmentation: bilinear, to the size that is there.

    Upstream repeats pixels (classification), and by whole factors, so sides have to be multiples of 32 px.
    """

    def _make_fuse_layers(self) -> nn.ModuleList:
        layers = super()._make_fuse_layers()
        for i, row in enumerate(layers):
            for j in range(i + 1, self.num_branches):
                row[j] = row[j][:-1]  # without the upsampling
        return layers

    def forward(self, x: List[Tensor]) -> List[Tensor]:
        """Maps of each branch to the same."""
        x = [branch(part) for branch, part in zip(self.branches, x)]
        fused = []
        for i, row in enumerate(self.fuse_layers):
            total = x[0] if i == 0 else row[0](x[0])
            for j in range(1, self.num_branches):
                total = total + (x[j] if i == j else resized(row[j](x[j]), x[i]) if j > i else row[j](x[j]))
            fused.append(self.relu(total))
        return fused


def high_resolution_stage(stage: Dict[str, Any], norm_cfg: dict, with_cp: bool = False) -> Sequential:
    """A stage from its entry in ``HRNet``'s ``extra``: ``num_modules``, ``num_branches``, ``block``, ..."""
    return Sequential(*(
        BilinearHRModule(stage['num_branches'], HRNet.blocks_dict[stage['block']], stage['num_blocks'],
                         stage['num_channels'], stage['num_channels'], norm_cfg=norm_cfg, with_cp=with_cp)
        for _ in range(stage['num_modules'])))


def basic_stage(modules: int, channels: Sequence[int], blocks: int = 4) -> Dict[str, Any]:
    """The entry of a stage of basic blocks, one branch for each number of channels."""
    return dict(num_modules=modules, num_branches=len(channels), block='BASIC', num_blocks=(blocks, ) * len(channels),
                num_channels=tuple(channels))


def conv_norm_relu(before: int, after: int, stride: int = 1, norm_cfg: Optional[dict] = None) -> nn.Sequential:
    """3 x 3 convolution, batch norm, ReLU."""
    momentum = (norm_cfg or {}).get('momentum', 0.1)
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after, momentum=momentum),
                         nn.ReLU(inplace=True))
