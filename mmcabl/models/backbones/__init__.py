from mmcabl.models.backbones.conformer_cabl import ConformerCABL
from mmcabl.models.backbones.multi_grid_resnet import MultiGridResNet

__all__ = ['ConformerCABL', 'MultiGridResNet']
