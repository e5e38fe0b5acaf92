"""Losses of soft maps that need no mask: the image's label, and decidedness."""

from typing import Optional

from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmcabl.registry import MODELS


@MODELS.register_module()
class ImageLabelLoss(BaseModule):
    """Binary cross-entropy of image scores, all that multiple-instance learning asks for.

    Args:
        whole_map: in authentic images take the mean of the map in place of the score, which was pooled from few
            pixels: every pixel of an authentic image is known. An option of WSCL's code.
    """

    def __init__(self, whole_map: bool = False) -> None:
        super().__init__()
        self.whole_map = whole_map

    def forward(self, score: Tensor, labels: Tensor, maps: Optional[Tensor] = None) -> Tensor:
        """A number.

        Args:
            score: (B,) in [0, 1].
            labels: (B,) 0 or 1.
            maps: (B, 1, h, w), for ``whole_map``.
        """
        labels = labels.to(score.dtype)
        if self.whole_map:
            score = score.where(labels > 0, maps.flatten(1).mean(1))
        return F.binary_cross_entropy(score, labels)


@MODELS.register_module()
class EntropyLoss(BaseModule):
    """Mean binary entropy in nats of probabilities (any shape): low where they are decided."""

    def forward(self, probabilities: Tensor) -> Tensor:
        p = probabilities.clamp(1e-7, 1 - 1e-7)
        return (-p * p.log() - (1 - p) * (1 - p).log()).mean()
