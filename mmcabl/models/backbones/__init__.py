from mmcabl.models.backbones.bilinear_hrnet import BilinearHRNet
from mmcabl.models.backbones.conformer_cabl import ConformerCABL
from mmcabl.models.backbones.dct_stream import DCTStream
from mmcabl.models.backbones.deeplab_lfov import DeepLabLargeFOV
from mmcabl.models.backbones.efficientnet_lite import EfficientNetLite
from mmcabl.models.backbones.lite_cabl import LiteCABL
from mmcabl.models.backbones.mantra_features import ManTraFeatures
from mmcabl.models.backbones.multi_grid_resnet import MultiGridResNet

__all__ = ['BilinearHRNet', 'ConformerCABL', 'DCTStream', 'DeepLabLargeFOV', 'EfficientNetLite', 'LiteCABL',
           'ManTraFeatures', 'MultiGridResNet']
