"""Forgery augmentation with known masks, for fully supervised models (the "DA" of FCN+DA in Table I)."""

import random  # mmengine seeds it in every worker
from typing import Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmcabl.registry import TRANSFORMS

MANIPULATIONS = ('copy-move', 'inpainting')


@TRANSFORMS.register_module()
class NaiveManipulation(BaseTransform):
    """With a probability, copy a square of the image elsewhere, or inpaint one; the truth gets it too.

    For images whose ``gt_seg_map`` is known. The label ``gt_label`` becomes manipulated. Put it before resizing.

    Args:
        prob: of changing an image.
        side: least and most of the square's side, as part of the image's shorter side.
        kinds: ``copy-move`` and ``inpainting``, drawn uniformly.
    """

    def __init__(self, prob: float = 0.5, side: Tuple[float, float] = (0.1, 0.4),
                 kinds: Tuple[str, ...] = MANIPULATIONS) -> None:
        if not 0 <= prob <= 1 or not 0 < side[0] <= side[1] < 1:
            raise ValueError(f'NaiveManipulation was given prob={prob}, side={side}; accepted are 0 <= prob <= 1 and '
                             '0 < side[0] <= side[1] < 1.')
        if not kinds or set(kinds) - set(MANIPULATIONS):
            raise ValueError(f'NaiveManipulation was given kinds={kinds}; accepted are {", ".join(MANIPULATIONS)}.')
        self.prob, self.side, self.kinds = prob, tuple(side), tuple(kinds)

    def transform(self, results: dict) -> dict:
        truth, image = results['gt_seg_map'], results['img']
        if random.random() >= self.prob or (truth == 255).any() or min(image.shape[:2]) < 8:
            return results
        side = max(2, round(random.uniform(*self.side) * min(image.shape[:2])))
        to, source = (tuple(random.randrange(n - side + 1) for n in image.shape[:2]) for _ in range(2))
        target = np.s_[to[0]:to[0] + side, to[1]:to[1] + side]
        image, truth = image.copy(), truth.copy()
        if random.choice(self.kinds) == 'copy-move':
            image[target] = results['img'][source[0]:source[0] + side, source[1]:source[1] + side]
        else:
            hole = np.zeros(truth.shape, np.uint8)
            hole[target] = 1
            image = cv2.inpaint(image, hole, 3, cv2.INPAINT_TELEA)
        truth[target] = 1
        results.update(img=image, gt_seg_map=truth, gt_label=1)
        return results
