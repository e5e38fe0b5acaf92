import mmcabl.mmpretrain_imported  # noqa: F401, before those that need it
from mmcabl.models.backbones import ConformerCABL
from mmcabl.models.detectors import ForensicDetector
from mmcabl.models.heads import WeakLabelHead
from mmcabl.models.layers import CABL
from mmcabl.models.localizers import ForensicDataPreprocessor, ForensicTTAModel, WeaklySupervisedLocalizer

__all__ = ['CABL', 'ConformerCABL', 'ForensicDataPreprocessor', 'ForensicDetector', 'ForensicTTAModel',
           'WeakLabelHead', 'WeaklySupervisedLocalizer']
