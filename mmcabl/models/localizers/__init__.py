from mmcabl.models.localizers.data_preprocessor import ForensicDataPreprocessor
from mmcabl.models.localizers.test_time_augmentation import ForensicTTAModel
from mmcabl.models.localizers.weak_localizer import WeaklySupervisedLocalizer

__all__ = ['ForensicDataPreprocessor', 'ForensicTTAModel', 'WeaklySupervisedLocalizer']
