"""Pseudo masks of a network's own making, and the loss that learns from them."""

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmcabl.registry import MODELS


@torch.no_grad()
def pseudo_masks(masks: Tensor, foreground: float = 0.6, background: float = 0.7, least: float = 0.2) -> Tensor:
    """Confident pixels of soft masks (Araslanov and Roth, CVPR 2020).

    A pixel is of a class where its value is more than a part of the class's maximum in the image, and more than
    ``least``. A pixel of two classes is of none.

    Args:
        masks: (B, C, H, W) in [0, 1], the background first; a class that is not in the image is 0 throughout.
        foreground, background: the parts.

    Returns:
        (B, C, H, W), 0 or 1, at most one 1 a pixel; same type.
    """
    part = torch.full_like(masks[:1, :, :1, :1], foreground)
    part[:, 0] = background
    found = masks > (masks.amax((2, 3), keepdim=True) * part).clamp(min=least)
    return (found & (found.sum(1, keepdim=True) == 1)).to(masks.dtype)


@MODELS.register_module()
class BalancedMaskLoss(BaseModule):
    r"""Cross-entropy against pseudo masks, classes weighted by what they lack (Araslanov and Roth, CVPR 2020).

    With :math:`n_c` pixels of a class, :math:`n = \sum_c n_c` and c(i) the class of pixel i, an image's loss is

    .. math::
        \frac{1}{HW} \sum_{i\ \text{known}} \frac{n - n_{c(i)}}{1 + n} \left(-\log \mathrm{softmax}(y_i)_{c(i)}\right)

    and 0 where a class of the image, or the background, has no pixel. So it is 0 for an authentic image, whose pseudo
    mask is background alone.
    """

    def forward(self, logits: Tensor, pseudo: Tensor, labels: Tensor) -> Tensor:
        """(B,) losses of the images.

        Args:
            logits: (B, C, h, w), the background first; brought to the size of ``pseudo`` (bilinear, corners aligned).
            pseudo: (B, C, H, W) of :func:`pseudo_masks`.
            labels: (B, C - 1), 1 for each class that is in the image.
        """
        logits = F.interpolate(logits, size=pseudo.shape[-2:], mode='bilinear', align_corners=True)
        count = pseudo.flatten(2).sum(2)
        total = count.sum(1, keepdim=True)
        weight = (pseudo * ((total - count) / (1 + total))[..., None, None]).sum(1)
        loss = F.cross_entropy(logits, pseudo.argmax(1), reduction='none')  # where no class is, the weight is 0
        complete = labels.to(logits.dtype).sum(1) + 1 == (count > 0).sum(1)
        return complete * (weight * loss).mean((1, 2))
