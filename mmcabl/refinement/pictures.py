"""The very pixels that a test pipeline loaded, upright and at their stored size, for refiners to look at."""

from typing import Any, Tuple

import cv2
import numpy as np
import torch
from torch import Tensor

AXES = {'horizontal': (1,), 'vertical': (0,), 'diagonal': (0, 1)}


def upright(plane: np.ndarray, sample: Any) -> np.ndarray:
    """A map or picture (H, W, ...) as it was before test-time augmentation mirrored its sample.

    Args:
        plane: of the mirrored image.
        sample: a data sample; ``flip`` and ``flip_direction`` of its meta information say what was done.

    Raises:
        ValueError: mirrored in a direction that is not known.
    """
    if not sample.get('flip'):
        return plane
    direction = sample.get('flip_direction')
    if direction not in AXES:
        raise ValueError(f"{sample.get('img_path', 'An image')} was mirrored in the direction {direction!r}; known "
                         f"are {', '.join(AXES)}; list 'flip_direction' beside 'flip' in the pipeline's meta_keys.")
    return np.ascontiguousarray(np.flip(plane, AXES[direction]))


def picture_of(pixels: Tensor, sample: Any, bgr: bool = True, resize: bool = False) -> np.ndarray:
    """What a refiner sees of a sample: the pixels that the pipeline loaded, whatever it did to them before.

    The picture that ``mmcabl.KeepPicture`` put aside, or where there is none, the network's input before
    normalisation.

    Args:
        pixels: (3, h, w) uint8, what the pipeline packed as ``inputs``.
        sample: its data sample; ``ori_shape`` is the size of the result.
        bgr: the order of channels that the pipeline loads, mmcv's unless it is told otherwise.
        resize: take an input of another size, too.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: the input has another size and no picture was kept, or is no picture any more.
    """
    shape = tuple(sample.get('ori_shape', pixels.shape[-2:]))[:2]
    kept = sample.get('picture')
    if kept is not None:
        return _rgb(kept, bgr, shape)
    name = sample.get('img_path', 'An image')
    advice = ("put dict(type='mmcabl.KeepPicture') behind the step that loads images (and those that perturb them), "
              "and 'picture' into the meta_keys of the step that packs them")
    if pixels.dtype != torch.uint8:
        raise ValueError(f'{name} reaches the model as {pixels.dtype}, and refinement needs its pixels; {advice}.')
    if tuple(pixels.shape[-2:]) != shape and not resize:
        raise ValueError(f'{name} is {shape[0]} x {shape[1]} px (height x width) and reaches the model as '
                         f'{pixels.shape[-2]} x {pixels.shape[-1]}, and refinement needs its pixels; {advice}.')
    return upright(_rgb(pixels.permute(1, 2, 0).cpu().numpy(), bgr, shape), sample)


def _rgb(picture: np.ndarray, bgr: bool, shape: Tuple[int, int]) -> np.ndarray:
    picture = np.ascontiguousarray(picture[..., ::-1] if bgr else picture)
    if picture.shape[:2] != shape:
        picture = cv2.resize(picture, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return picture
