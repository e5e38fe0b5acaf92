"""The single-stage network of Araslanov and Roth, which learns from labels and from its own refined masks."""

from typing import Dict, NamedTuple, Optional, Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmcabl.models.layers.global_weighted_pooling import with_background
from mmcabl.models.losses.progress import training_progress
from mmcabl.models.losses.pseudo_masks import pseudo_masks
from mmcabl.models.streams.base import StreamOutput, WeakStream
from mmcabl.registry import MODELS


class SelfTraining(NamedTuple):
    """What a network teaches itself with, (B, 2, H, W) each, background first: its masks, refined, made hard."""

    masks: Tensor
    refined: Tensor
    pseudo: Tensor


def foreground_share(masks: Tensor, labels: Tensor) -> Tensor:
    """(B,) mean of the map over the image; 0 where the image is authentic and there is nothing to be a share of."""
    return masks.flatten(1).mean(1) * (labels > 0)


@MODELS.register_module()
class StageStream(WeakStream):
    """Single-stage weak supervision (Araslanov and Roth, CVPR 2020) with the classes background and manipulated.

    The image's score is the sigmoid of the pooled logits, the map the softmax. For the first epochs the label alone
    is learnt; then also pseudo masks, made from the maps refined by the image's colours. An authentic image has no
    class: its map is taken as 0, its pseudo mask is background, and its mask loss is 0.

    Args:
        backbone, pre_filter: of :class:`WeakStream`.
        head: config; a ``mmcabl.StageHead`` by default.
        pooling: config; ``mmcabl.NormalizedGlobalWeightedPooling`` by default.
        refinement: options of ``mmcabl.PAMR``.
        mask_loss: config; ``mmcabl.BalancedMaskLoss`` by default.
        pretrain_epochs: epochs without mask loss.
        mask_weight: of the mask loss.
    """

    align_corners = True

    def __init__(self, backbone: dict, head: Optional[dict] = None, pooling: Optional[dict] = None,
                 pre_filter: Optional[dict] = None, refinement: Optional[dict] = None,
                 mask_loss: Optional[dict] = None, pretrain_epochs: int = 5, mask_weight: float = 1.,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(backbone, {'type': 'mmcabl.StageHead', **(head or {})}, pre_filter, init_cfg)
        self.pooling = MODELS.build({'type': 'mmcabl.NormalizedGlobalWeightedPooling', **(pooling or {})})
        self.refinement = MODELS.build({'type': 'mmcabl.PAMR', **(refinement or {})})
        self.mask_loss = MODELS.build({'type': 'mmcabl.BalancedMaskLoss', **(mask_loss or {})})
        self.pretrain_epochs, self.mask_weight = pretrain_epochs, mask_weight

    def respond(self, logits: Tensor) -> Tuple[Tensor, Tensor]:
        return with_background(logits).softmax(1)[:, 1:], self.pooling(logits)[:, 0].sigmoid()

    @torch.no_grad()
    def self_training(self, found: StreamOutput, pictures: Tensor, labels: Tensor) -> SelfTraining:
        """Targets at the images' size; arguments as of :meth:`loss`."""
        maps = found.maps.detach()
        masks, size = torch.cat([1 - maps, maps], 1), pictures.shape[-2:]
        small = F.interpolate(pictures, size=maps.shape[-2:], mode='bilinear', align_corners=True)
        present = torch.stack([torch.ones_like(labels), labels], 1)[..., None, None]
        masks, refined = (self.enlarge(x, size) * present for x in (masks, self.refinement(small, masks)))
        return SelfTraining(masks, refined, pseudo_masks(refined))

    def loss(self, found: StreamOutput, pictures: Tensor, labels: Tensor) -> Dict[str, Tensor]:
        """``loss_label`` (their multi-label soft margin, of one class); ``loss_mask`` after the first epochs."""
        share = foreground_share(found.maps, labels)
        losses = dict(loss_label=F.binary_cross_entropy_with_logits(self.pooling(found.logits)[:, 0], labels),
                      foreground_share=share.detach().sum() / labels.sum().clamp(min=1))
        if training_progress()[0] >= self.pretrain_epochs:
            pseudo = self.self_training(found, pictures, labels).pseudo
            each = self.mask_loss(with_background(found.logits), pseudo, labels[:, None])
            losses['loss_mask'] = self.mask_weight * each.mean()
        return losses
