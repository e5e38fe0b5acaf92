"""Loading images and masks as they come: odd encodings, wrong sizes, broken files."""

from typing import Optional, Sequence, Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from mmcabl.datasets.masks import read_mask
from mmcabl.images import Decoded, read_picture, shown, stored
from mmcabl.images.backends import Backend
from mmcabl.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadForensicImage(BaseTransform):
    """Load ``img`` from ``img_path``; a file that cannot be read does not end the run.

    In training another image is drawn in its place, with a warning. In testing the sample is marked
    ``unreadable`` and carries a black image; metrics leave it out and count it.

    Adds ``img`` (H, W, 3) uint8 BGR on the stored grid, ``img_shape``, ``ori_shape``, ``orientation`` (EXIF's, 1 to
    8: :func:`mmcabl.images.upright` turns by it what people are shown), ``unreadable`` and then ``reason``;
    ``animated`` where further pictures of the file are not read. An ``img`` that is there is taken as it is: the
    toolboxes' inferencers decode images themselves.

    Args:
        skip_unreadable: True in training pipelines: drop the sample, mmengine draws another.
        max_pixels: a larger image is not decoded and counts as unreadable; 100 megapixels by default, or what the
            environment's ``MMCABL_MAX_PIXELS`` says.
        backend_args: of mmengine's file backends, for images that come without their data set's.
    """

    #: Side of the black image that stands for a file which could not be read.
    PLACEHOLDER = 32

    def __init__(self, skip_unreadable: bool = False, max_pixels: Optional[int] = None,
                 backend_args: Backend = None) -> None:
        self.skip_unreadable, self.max_pixels, self.backend_args = skip_unreadable, max_pixels, backend_args

    def transform(self, results: dict) -> Optional[dict]:
        try:
            there = results.get('img')
            if there is None and self.backend_args and not results.get('backend_args'):
                results['backend_args'] = self.backend_args
            found = Decoded(there) if there is not None else read_picture(
                results['img_path'], self.max_pixels, results.get('backend_args'))
        except ValueError as error:
            print_log(f'{error} It is left out.', logger='current', level=30)
            if self.skip_unreadable:
                return None
            found = Decoded(np.zeros((self.PLACEHOLDER, self.PLACEHOLDER, 3), np.uint8))
            results.update(unreadable=True, reason=str(error))
        else:
            results['unreadable'] = False
        shape = found.array.shape[:2]
        results.update(img=found.array, img_shape=shape, ori_shape=shape, orientation=found.orientation)
        if found.animated:
            results['animated'] = True
        return results


def fit_mask(mask: np.ndarray, shape: Sequence[int], orientation: int = 1) -> Tuple[np.ndarray, str]:
    """A mask (H, W) bool on the stored grid of its image.

    One of the turned image's size was drawn on the image as people see it, and is turned back by the image's EXIF
    orientation. Where the image has none, it was lost, and the mask is turned to the left: that undoes 6, which
    cameras write when held upright (CASIA v1's ``..._0275`` needs it; TruFor's loader does it too). A mask of any
    other size is resized (nearest). Where both grids have one size, it is taken to lie as the image is stored.

    Args:
        mask: as decoded.
        shape: (height, width) of the image as stored.
        orientation: EXIF's, of the image.

    Returns:
        The mask, (height, width) bool, and what was done to it: ``turned``, ``resized``, or '' for nothing.
    """
    shape = tuple(shape)
    if mask.shape == shape:
        return mask, ''
    if mask.shape == shape[::-1]:
        return stored(mask, orientation if orientation > 4 else 6), 'turned'
    return cv2.resize(mask.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool), 'resized'


@TRANSFORMS.register_module()
class LoadForgeryMask(BaseTransform):
    """Load ``gt_mask`` (H, W) bool at the image's original size; for test pipelines only.

    All false for an authentic image. Where the truth is unknown (no mask, or one that cannot be read) there
    is no ``gt_mask``, and pixel metrics pass over the image. A mask of another size is turned or resized as
    :func:`fit_mask` says, with a warning. The data set says by which rule its masks become binary;
    ``max_pixels`` is as of :class:`LoadForensicImage`.
    """

    def __init__(self, max_pixels: Optional[int] = None) -> None:
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict:
        shape, path = results['ori_shape'], results.get('gt_mask_path')
        if path is None:
            if results.get('gt_label') == 0:
                results['gt_mask'] = np.zeros(shape, bool)
            return results
        try:
            mask = read_mask(path, results.get('mask_rule', 'bright'), self.max_pixels,
                             results.get('backend_args'))
        except ValueError as error:
            print_log(f'{error} The image counts for the image score only.', logger='current', level=30)
            return results
        if not results.get('unreadable'):
            size = f'{mask.shape[1]} x {mask.shape[0]}'
            mask, done = fit_mask(mask, shape, results.get('orientation', 1))
            if done:
                print_log(f'{shown(path)} is {size} px, its image {shape[1]} x {shape[0]}; the mask is {done}.',
                          logger='current', level=30)
        results['gt_mask'] = mask
        return results


@TRANSFORMS.register_module()
class LoadForgerySegMap(LoadForgeryMask):
    """:class:`LoadForgeryMask` for mmsegmentation: also ``gt_seg_map`` (H, W) uint8.

    0 is authentic, 1 manipulated, 255 unknown, which mmseg's losses and metrics pass over. mmseg's transforms that
    follow resize, crop and mirror it with the image. Weak pipelines leave it out in training.
    """

    IGNORED = 255

    def transform(self, results: dict) -> dict:
        results = super().transform(results)
        mask = results.get('gt_mask')
        unknown = np.full(results['ori_shape'], self.IGNORED, np.uint8)
        results['gt_seg_map'] = unknown if mask is None else mask.astype(np.uint8)
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results
