import mmcabl.mmpretrain_imported  # noqa: F401, before those that need it
from mmcabl.models.backbones import ConformerCABL
from mmcabl.models.detectors import MILFCN, WSCL, ForensicDetector, StageNet
from mmcabl.models.heads import WeakLabelHead
from mmcabl.models.layers import CABL, HighPass
from mmcabl.models.localizers import ForensicDataPreprocessor, WeaklySupervisedLocalizer
from mmcabl.models.segmentors.refined_segmentor import RefinedSegmentor
from mmcabl.models.streams import FCNStream, StageStream
from mmcabl.models.test_time_augmentation import ForensicTTAModel

__all__ = ['CABL', 'MILFCN', 'WSCL', 'ConformerCABL', 'FCNStream', 'ForensicDataPreprocessor', 'ForensicDetector',
           'ForensicTTAModel', 'HighPass', 'RefinedSegmentor', 'StageNet', 'StageStream', 'WeakLabelHead',
           'WeaklySupervisedLocalizer']
