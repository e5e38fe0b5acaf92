"""The method in mmsegmentation. A config needs ``custom_imports=dict(imports=['mmcabl.segmentation'])``."""

from mmcabl.stack import require_mmseg

require_mmseg()

from mmcabl.datasets.transforms.seg_packing import PackForensicSegInputs  # noqa: E402, after the check
from mmcabl.engine.hooks.refinement_hook import CGSRHook  # noqa: E402
from mmcabl.models.segmentors.seg_preprocessor import SegForensicDataPreprocessor  # noqa: E402
from mmcabl.models.segmentors.weak_segmentor import WeaklySupervisedSegmentor  # noqa: E402
from mmcabl.visualization.seg_overlay_hook import SegmentationOverlayHook  # noqa: E402

__all__ = ['CGSRHook', 'PackForensicSegInputs', 'SegForensicDataPreprocessor', 'SegmentationOverlayHook',
           'WeaklySupervisedSegmentor']
