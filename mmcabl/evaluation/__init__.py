from mmcabl.evaluation.image_auc import ImageAUC
from mmcabl.evaluation.per_image_metric import PerImageMetric
from mmcabl.evaluation.pixel_f1 import PixelF1
from mmcabl.evaluation.pixel_scores import PixelScores
from mmcabl.evaluation.trivial_masks import trivial_masks

__all__ = ['ImageAUC', 'PerImageMetric', 'PixelF1', 'PixelScores', 'trivial_masks']
