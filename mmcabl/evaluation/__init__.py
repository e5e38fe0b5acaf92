from mmcabl.evaluation.image_auc import ImageAUC
from mmcabl.evaluation.pixel_f1 import PixelF1
from mmcabl.evaluation.sharded_metric import PerImageMetric

__all__ = ['ImageAUC', 'PerImageMetric', 'PixelF1']
