from mmcabl.evaluation.image_auc import ImageAUC
from mmcabl.evaluation.per_image_metric import PerImageMetric
from mmcabl.evaluation.pixel_f1 import PixelF1

__all__ = ['ImageAUC', 'PerImageMetric', 'PixelF1']
