"""Image-level labels of data samples: read as targets, written as predictions."""

from typing import List

import torch
from mmpretrain.structures import DataSample
from torch import Tensor


def label_targets(data_samples: List[DataSample], num_classes: int) -> Tensor:
    """(B, num_classes) float targets from the samples' labels or soft scores.

    Raises:
        ValueError: one class, and a label that is neither 0 nor 1.
    """
    if 'gt_score' in data_samples[0]:
        return torch.stack([s.gt_score.float() for s in data_samples])
    if num_classes == 1:
        target = torch.stack([s.gt_label.view(-1)[:1] for s in data_samples]).float()
        if not torch.all((target == 0) | (target == 1)):
            raise ValueError('WeakLabelHead accepts the labels 0 (authentic) and 1 (manipulated); '
                             f'it was given {sorted(set(target.flatten().int().tolist()))}.')
        return target
    target = torch.zeros(len(data_samples), num_classes)
    for row, sample in zip(target, data_samples):
        row[sample.gt_label.cpu().long()] = 1
    return target


def set_prediction(sample: DataSample, score: Tensor) -> None:
    """Write an image score (num_classes,) in [0, 1] and the label it means into a data sample.

    One score p, "manipulated", becomes (1 - p, p): mmpretrain's tools look a label's score up by its number.
    """
    if score.numel() == 1:
        label, score = (score >= 0.5).long().flatten(), torch.cat([1 - score, score])
    else:
        label = score.argmax(0, keepdim=True)
    sample.set_field(score, 'pred_score')
    sample.set_field(label, 'pred_label')
