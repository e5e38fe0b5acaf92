"""Araslanov and Roth's single-stage network as a detector."""

from typing import Optional

from mmcabl.models.detectors.weak import WeakDetector
from mmcabl.registry import MODELS


@MODELS.register_module()
class StageNet(WeakDetector):
    """Single-stage semantic segmentation from image labels (Araslanov and Roth, CVPR 2020), a row of Table I.

    Written for 20 classes of objects; here the classes are background and manipulated.

    Args:
        backbone: config; four stages, the last at 1/16.
        inference: config; ``mmcabl.ScaledInference`` by default.
        **stream: ``head``, ``pooling``, ``pre_filter``, ``refinement``, ``mask_loss``, ``pretrain_epochs``,
            ``mask_weight`` of :class:`mmcabl.StageStream`.
        data_preprocessor, postprocessor, init_cfg: of ``ForensicDetector``.
    """

    def __init__(self, backbone: dict, inference: Optional[dict] = None, data_preprocessor: Optional[dict] = None,
                 postprocessor: Optional[dict] = None, init_cfg: Optional[dict] = None, **stream) -> None:
        super().__init__(dict(rgb=dict(type='mmcabl.StageStream', backbone=backbone, **stream)),
                         inference={'type': 'mmcabl.ScaledInference', **(inference or {})},
                         data_preprocessor=data_preprocessor, postprocessor=postprocessor, init_cfg=init_cfg)
