"""Random crops of image and truth together, for networks that are given masks."""

from typing import Sequence, Union

import numpy as np
from mmpretrain.datasets.transforms import RandomCrop

from mmcabl.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomCropWithTruth(RandomCrop):
    """mmpretrain's ``RandomCrop`` that cuts ``gt_seg_map`` (H, W) uint8 at the same place and pads it alike.

    Args:
        crop_size: a side, or (height, width).
        pad_if_needed: fill up a smaller image on both sides; otherwise its crop is smaller.
        padding_mode: ``symmetric``, ``reflect``, ``edge``: the truth is mirrored or repeated with the image;
            ``constant``: black, of unknown truth (255).
    """

    def __init__(self, crop_size: Union[int, Sequence[int]], pad_if_needed: bool = False,
                 padding_mode: str = 'constant') -> None:
        super().__init__(crop_size, pad_if_needed=pad_if_needed, padding_mode=padding_mode)

    def transform(self, results: dict) -> dict:
        truth = results.get('gt_seg_map')
        if truth is None:
            return super().transform(results)
        one = np.uint8(1)  # unknown truth is 0 while it is a fourth channel, which is what constant padding gives
        results['img'] = np.dstack([results['img'], truth.astype(np.uint8) + one])
        results = super().transform(results)
        both = results['img']
        results['img'], results['gt_seg_map'] = np.ascontiguousarray(both[..., :-1]), both[..., -1] - one
        results['img_shape'] = results['img'].shape
        return results
