"""Loading images and masks as they come: odd encodings, wrong sizes, broken files."""

from pathlib import Path
from typing import Optional, Union

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from mmcabl.datasets.masks import read_mask
from mmcabl.registry import TRANSFORMS


def read_image(path: Union[str, Path]) -> np.ndarray:
    """Any image file as (H, W, 3) uint8 BGR: grey is repeated, alpha dropped, 16 bits are scaled to 8.

    Raises:
        ValueError: one sentence that names the file: missing, empty, truncated or not an image. A JPEG or
            PNG without its end marker counts as truncated, though OpenCV would fill it up with grey.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f'{path} cannot be read: {error.strerror}.') from None
    if not data:
        raise ValueError(f'{path} is empty (0 bytes).')
    if _truncated(data):
        raise ValueError(f'{path} is truncated: its end is missing ({len(data)} bytes are there).')
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f'{path} is not an image that OpenCV can decode ({len(data)} bytes).')
    return image


def _truncated(data: bytes) -> bool:
    if data[:2] == b'\xff\xd8':  # JPEG: an end marker after the last start of scan
        return data.find(b'\xff\xd9', max(0, data.rfind(b'\xff\xda'))) < 0
    if data[:8] == b'\x89PNG\r\n\x1a\n':
        return b'IEND' not in data
    return False


@TRANSFORMS.register_module()
class LoadForensicImage(BaseTransform):
    """Load ``img`` from ``img_path``; a file that cannot be read does not end the run.

    In training another image is drawn in its place, with a warning. In testing the sample is marked
    ``unreadable`` and carries a black image; metrics leave it out and count it.

    Adds ``img`` (H, W, 3) uint8 BGR, ``img_shape``, ``ori_shape`` and ``unreadable``. An ``img`` that is there is
    taken as it is: the toolboxes' inferencers decode images themselves.

    Args:
        skip_unreadable: True in training pipelines: drop the sample, mmengine draws another.
    """

    #: Side of the black image that stands for a file which could not be read.
    PLACEHOLDER = 32

    def __init__(self, skip_unreadable: bool = False) -> None:
        self.skip_unreadable = skip_unreadable

    def transform(self, results: dict) -> Optional[dict]:
        try:
            image = results['img'] if 'img' in results else read_image(results['img_path'])
        except ValueError as error:
            print_log(f'{error} It is left out.', logger='current', level=30)
            if self.skip_unreadable:
                return None
            image = None
        results['unreadable'] = image is None
        if image is None:
            image = np.zeros((self.PLACEHOLDER, self.PLACEHOLDER, 3), np.uint8)
        results.update(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        return results


@TRANSFORMS.register_module()
class LoadForgeryMask(BaseTransform):
    """Load ``gt_mask`` (H, W) bool at the image's original size; for test pipelines only.

    All false for an authentic image. Where the truth is unknown (no mask, or one that cannot be read) there
    is no ``gt_mask``, and pixel metrics pass over the image. A mask of another size is resized (nearest),
    with a warning. The data set says by which rule its masks become binary.
    """

    def transform(self, results: dict) -> dict:
        shape, path = results['ori_shape'], results.get('gt_mask_path')
        if path is None:
            if results.get('gt_label') == 0:
                results['gt_mask'] = np.zeros(shape, bool)
            return results
        try:
            mask = read_mask(path, results.get('mask_rule', 'bright'))
        except ValueError as error:
            print_log(f'{error} The image counts for the image score only.', logger='current', level=30)
            return results
        if mask.shape != tuple(shape) and not results.get('unreadable'):
            print_log(f'{path} is {mask.shape[1]} x {mask.shape[0]} px, its image {shape[1]} x {shape[0]}; the '
                      'mask is resized.', logger='current', level=30)
            mask = cv2.resize(mask.astype(np.uint8), (shape[1], shape[0]),
                              interpolation=cv2.INTER_NEAREST).astype(bool)
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
