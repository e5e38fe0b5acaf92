"""MIL-FCN: an FCN that learns from the maximum of its map."""

from typing import Optional

from mmcabl.models.detectors.weak import WeakDetector
from mmcabl.registry import MODELS


@MODELS.register_module()
class MILFCN(WeakDetector):
    """Fully convolutional multiple-instance learning (Pathak et al., ICLR workshop 2015), a row of Table I.

    The image's score is the maximum of the map, and binary cross-entropy of that score the loss. Pathak et al. took
    VGG and Caffe, and published no code; our reading is the network of WSCL's RGB stream with their pooling:
    ResNet-50 with a stem of three convolutions, FCN-16s.

    Args:
        backbone, head, pooling, pre_filter: of :class:`mmcabl.FCNStream`.
        **kwargs: of :class:`mmcabl.models.detectors.weak.WeakDetector`.
    """

    def __init__(self, backbone: dict, head: Optional[dict] = None, pooling: Optional[dict] = None,
                 pre_filter: Optional[dict] = None, **kwargs) -> None:
        stream = dict(type='mmcabl.FCNStream', backbone=backbone, head=head, pooling=pooling, pre_filter=pre_filter)
        super().__init__(dict(rgb=stream), **kwargs)
