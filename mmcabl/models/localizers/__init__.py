from mmcabl.models.localizers.data_preprocessor import ForensicDataPreprocessor
from mmcabl.models.localizers.weak_localizer import WeaklySupervisedLocalizer

__all__ = ['ForensicDataPreprocessor', 'WeaklySupervisedLocalizer']
