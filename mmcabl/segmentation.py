"""The method in mmsegmentation. A config needs ``custom_imports=dict(imports=['mmcabl.segmentation'])``."""

from mmcabl.stack import require_mmseg

require_mmseg()

from mmseg.registry import OPTIM_WRAPPERS  # noqa: E402, after the check

from mmcabl.engine.cpu.amp import stand_in  # noqa: E402
from mmcabl.engine.hooks.refinement_hook import CGSRHook  # noqa: E402
from mmcabl.models.segmentors.seg_preprocessor import SegForensicDataPreprocessor  # noqa: E402
from mmcabl.models.segmentors.weak_segmentor import WeaklySupervisedSegmentor  # noqa: E402
from mmcabl.visualization.seg_overlay_hook import SegmentationOverlayHook  # noqa: E402

stand_in(OPTIM_WRAPPERS)  # mmseg's --amp without a GPU

__all__ = ['CGSRHook', 'SegForensicDataPreprocessor', 'SegmentationOverlayHook',
           'WeaklySupervisedSegmentor']
