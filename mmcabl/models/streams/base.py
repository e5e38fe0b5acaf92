"""A stream: one network that learns a map and a score from image-level labels, on its own or among others."""

from abc import abstractmethod
from typing import Dict, NamedTuple, Optional, Tuple

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.registry import MODELS


class StreamOutput(NamedTuple):
    """What a stream finds in a batch.

    ``maps`` (B, 1, h, w) and ``score`` (B,), float32 in [0, 1], higher is more manipulated; ``logits``: what they
    come from, (B, C, h, w); ``features``: the backbone's stages.
    """

    maps: Tensor
    score: Tensor
    logits: Tensor
    features: Tuple[Tensor, ...]


class WeakStream(BaseModule):
    """Base class: subclass, register in ``mmcabl.registry.MODELS``, write :meth:`respond` and :meth:`loss`.

    Args:
        backbone: config; gives a tuple of stages, shallow to deep.
        head: config; takes that tuple.
        pre_filter: config of a layer that makes another source of the image, (B, 3, H, W) to the same, such as
            ``mmcabl.SRMConv2d`` or ``mmcabl.BayarConv2d``; None: the image itself.
    """

    #: How maps are brought to the image's size.
    align_corners = False

    def __init__(self, backbone: dict, head: dict, pre_filter: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.pre_filter = nn.Identity() if pre_filter is None else MODELS.build(pre_filter)
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build(head)

    def forward(self, images: Tensor) -> StreamOutput:
        """Of normalised images (B, 3, H, W)."""
        features = self.backbone(self.pre_filter(images))
        logits = self.head(features).float()
        return StreamOutput(*self.respond(logits), logits, features)

    @abstractmethod
    def respond(self, logits: Tensor) -> Tuple[Tensor, Tensor]:
        """Maps (B, 1, h, w) and scores (B,) in [0, 1] from the head's logits."""

    @abstractmethod
    def loss(self, found: StreamOutput, pictures: Tensor, labels: Tensor) -> Dict[str, Tensor]:
        """Losses, and what else is worth logging.

        Args:
            found: of a forward pass in training.
            pictures: the images themselves, (B, 3, H, W) RGB in [0, 1].
            labels: (B,) 0 or 1, float.
        """

    def enlarge(self, maps: Tensor, size: Tuple[int, int]) -> Tensor:
        """Maps (B, C, h, w) at another size, bilinear."""
        return F.interpolate(maps, size=tuple(size), mode='bilinear', align_corners=self.align_corners)
