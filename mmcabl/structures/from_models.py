"""The model's edge: the one place where predictions of either toolbox become a :class:`ForensicSample`."""

from typing import Any, Dict, Optional, Union

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmcabl.structures.forensic_sample import ForensicSample

#: mmseg's value for pixels whose truth is unknown.
IGNORED = 255
#: What must stand beside the result of a file that holds more than one picture.
ANIMATED = 'Only the first picture of the animation was looked at.'
#: Under this name a sample keeps what was made of it.
FIELD = 'forensic'


def forensic_sample(sample: Union[BaseDataElement, Dict[str, Any]]) -> ForensicSample:
    """What a predicted sample says, made at the first call and kept on the sample for those that follow.

    mmpretrain's samples and those of this package's models have the fields that
    :class:`mmcabl.models.WeaklySupervisedLocalizer` documents. mmseg's have ``pred_sem_seg`` and ``seg_logits``: from
    these come ``mask``; ``cam``, the probability of manipulation; ``score``, the maximum of this probability over the
    image, as is usual for models without an image score; ``truth``, unless it is unknown. What a sample has itself
    goes before what can be derived. The score is never that of a ``cam`` which CGSR has normalised: its maximum is 1
    in every image.

    Args:
        sample: a data sample, or one as a dict, as evaluators hand them to metrics.
    """
    found = sample.get(FIELD)
    if found is None:
        if isinstance(sample, dict):
            found = sample[FIELD] = _made(sample)
        else:
            found = _made(sample.to_dict())
            sample.set_field(found, FIELD, dtype=None)
    return found


def manipulated_probability(logits: Tensor) -> Tensor:
    """(H, W) in [0, 1] from a segmentation model's logits (1, H, W) or (2, H, W).

    mmseg has already passed a single channel through a sigmoid.
    """
    if logits.shape[0] not in (1, 2):
        raise ValueError(f'The model predicts {logits.shape[0]} classes; a forgery has two, authentic and '
                         'manipulated (num_classes=2), or one channel.')
    return logits[0].float() if logits.shape[0] == 1 else logits.float().softmax(0)[1]


def _made(sample: Dict[str, Any]) -> ForensicSample:
    index = sample.get('sample_idx')
    found = ForensicSample(
        source=str(sample.get('img_path', '')), dataset=str(sample.get('dataset_name') or ''),
        index=None if index is None else int(index), orientation=int(sample.get('orientation', 1)),
        unreadable=bool(sample.get('unreadable', False)), failed=str(sample.get('failed') or ''),
        reason=str(sample.get('reason') or ''), note=_note(sample), picture=sample.get('pixels'),
        label=_last(sample.get('gt_label'), int), truth=binary(sample.get('gt_mask')),
        score=_last(sample.get('pred_score'), float), raw_map=sample.get('cam_raw'), cam=sample.get('cam'),
        prompts=sample.get('prompts'), masks=dict(sample.get('masks') or {}), mask=binary(sample.get('pred_mask')))
    if 'pred_sem_seg' in sample:
        _from_segmentation(found, sample)
    return found


def _note(sample: Dict[str, Any]) -> str:
    return ' '.join(filter(None, (str(sample.get('note') or ''), ANIMATED if sample.get('animated') else '')))


def _from_segmentation(found: ForensicSample, sample: Dict[str, Any]) -> None:
    # mmseg's test-time augmentation leaves out the first axis
    found.mask = np.atleast_3d(_array(sample['pred_sem_seg']['data']).T).T[0] == 1
    if 'seg_logits' in sample and (found.cam is None or found.score is None):
        chance = manipulated_probability(torch.as_tensor(sample['seg_logits']['data'])).cpu()
        found.score = float(chance.max()) if found.score is None else found.score
        if found.cam is None:
            found.cam = found.raw_map = chance.numpy()
    if 'gt_sem_seg' in sample and found.truth is None:
        truth = _array(sample['gt_sem_seg']['data'])[0]
        found.truth = None if (truth == IGNORED).any() else truth == 1


def _last(value: Any, kind: type) -> Any:
    """The last of some numbers: of scores (authentic, manipulated) the second; None for none."""
    return None if value is None else kind(torch.as_tensor(value).flatten()[-1])


def binary(mask: Any) -> Optional[np.ndarray]:
    """A mask of any type as bool, cut at 0.5; None for none."""
    return None if mask is None else as_mask(mask)


def as_mask(mask: Any) -> np.ndarray:
    """A mask of any type as bool, cut at 0.5."""
    mask = _array(mask)
    return mask if mask.dtype == bool else mask > 0.5


def _array(data: Any) -> np.ndarray:
    return data if isinstance(data, np.ndarray) else torch.as_tensor(data).cpu().numpy()
