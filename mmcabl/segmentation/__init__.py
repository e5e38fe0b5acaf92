"""The method in mmsegmentation. A config needs ``custom_imports=dict(imports=['mmcabl.segmentation'])``."""

from mmcabl.stack import require_mmseg

require_mmseg()

from mmcabl.segmentation.overlay_hook import SegmentationOverlayHook  # noqa: E402, after the check
from mmcabl.segmentation.preprocessor import SegForensicDataPreprocessor  # noqa: E402
from mmcabl.segmentation.refinement_hook import CGSRHook, RefinedModel  # noqa: E402
from mmcabl.segmentation.weak_segmentor import WeaklySupervisedSegmentor  # noqa: E402

__all__ = ['CGSRHook', 'RefinedModel', 'SegForensicDataPreprocessor', 'SegmentationOverlayHook',
           'WeaklySupervisedSegmentor']
