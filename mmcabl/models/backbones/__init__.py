from mmcabl.models.backbones.conformer_cabl import ConformerCABL
from mmcabl.models.backbones.deeplab_lfov import DeepLabLargeFOV
from mmcabl.models.backbones.mantra_features import ManTraFeatures

__all__ = ['ConformerCABL', 'DeepLabLargeFOV', 'ManTraFeatures']
