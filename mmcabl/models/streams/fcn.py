"""An FCN that learns from one pooled score an image."""

from typing import Dict, Optional, Tuple

from torch import Tensor

from mmcabl.models.streams.base import StreamOutput, WeakStream
from mmcabl.registry import MODELS


@MODELS.register_module()
class FCNStream(WeakStream):
    """A fully convolutional network whose map is pooled to the image's score; multiple-instance learning.

    Args:
        backbone, pre_filter: of :class:`WeakStream`.
        head: config; a ``mmcabl.FCNMapHead`` by default.
        pooling: config; ``mmcabl.GlobalMaxPooling`` (Pathak et al.) by default, or ``mmcabl.OtsuPooling`` (WSCL).
        label_loss: options of ``mmcabl.ImageLabelLoss``.
    """

    def __init__(self, backbone: dict, head: Optional[dict] = None, pooling: Optional[dict] = None,
                 pre_filter: Optional[dict] = None, label_loss: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(backbone, {'type': 'mmcabl.FCNMapHead', **(head or {})}, pre_filter, init_cfg)
        self.pooling = MODELS.build({'type': 'mmcabl.GlobalMaxPooling', **(pooling or {})})
        self.label_loss = MODELS.build({'type': 'mmcabl.ImageLabelLoss', **(label_loss or {})})

    def respond(self, logits: Tensor) -> Tuple[Tensor, Tensor]:
        maps = logits.sigmoid()
        return maps, self.pooling(maps)

    def loss(self, found: StreamOutput, pictures: Tensor, labels: Tensor) -> Dict[str, Tensor]:
        """``loss_label``."""
        return dict(loss_label=self.label_loss(found.score, labels, found.maps))
