"""A segmentation model's prediction as the metrics of this package read it."""

from typing import Any, Dict

import numpy as np
import torch
from torch import Tensor

#: mmseg's value for pixels whose truth is unknown.
IGNORED = 255


def manipulated_probability(logits: Tensor) -> Tensor:
    """(H, W) in [0, 1] from a segmentation model's logits (1, H, W) or (2, H, W).

    mmseg has already passed a single channel through a sigmoid.
    """
    if logits.shape[0] not in (1, 2):
        raise ValueError(f'The model predicts {logits.shape[0]} classes; a forgery has two, authentic and '
                         'manipulated (num_classes=2), or one channel.')
    return logits[0].float() if logits.shape[0] == 1 else logits.float().softmax(0)[1]


def forensic_view(sample: Dict[str, Any]) -> Dict[str, Any]:
    """A sample (a dict) with what :class:`ImageAUC` and :class:`PixelF1` read, whatever model made it.

    mmseg's models give ``pred_sem_seg`` and ``seg_logits``. From these come ``pred_mask``; ``cam``, the probability
    of manipulation; ``pred_score``, the maximum of this probability over the image, as is usual for models without
    an image score; ``gt_mask``, unless its truth is unknown. A score, map or truth that the sample has itself is left
    as it is. The score is never that of a ``cam`` which CGSR has normalised: its maximum is 1 in every image.
    """
    if 'pred_sem_seg' not in sample:
        return sample
    view = dict(sample)
    # mmseg's test-time augmentation leaves out the first axis
    view['pred_mask'] = np.atleast_3d(_array(sample['pred_sem_seg']['data']).T).T[0] == 1
    if 'seg_logits' in sample and not {'cam', 'pred_score'} <= set(sample):
        chance = manipulated_probability(torch.as_tensor(sample['seg_logits']['data'])).cpu()
        view.setdefault('cam', chance.numpy())
        view.setdefault('pred_score', chance.max().reshape(1))
    if 'gt_sem_seg' in sample and 'gt_mask' not in sample:
        truth = _array(sample['gt_sem_seg']['data'])[0]
        if not (truth == IGNORED).any():
            view['gt_mask'] = truth == 1
    return view


def label_of(sample: Dict[str, Any]) -> int:
    """The image label, 0 or 1, from a tensor (mmpretrain) or an int among the meta information (mmseg)."""
    return int(torch.as_tensor(sample['gt_label']).flatten()[0])


def _array(data: Any) -> np.ndarray:
    return torch.as_tensor(data).cpu().numpy()
