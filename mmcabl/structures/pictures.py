"""The very pixels that a test pipeline loaded, unmirrored and at their stored size: for refiners and for people."""

from typing import Any, Dict, Optional, Sequence, Tuple

import cv2
import numpy as np
import torch
from torch import Tensor

AXES = {'horizontal': (1,), 'vertical': (0,), 'diagonal': (0, 1)}


def unmirrored(plane: np.ndarray, sample: Any) -> np.ndarray:
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


def keep_pixels(inputs: Sequence[Tensor], samples: Optional[Sequence[Any]], bgr: bool = True,
                resize: bool = False) -> None:
    """Put ``pixels``, see :func:`pixels_of`, on every sample that has none and whose pixels are there.

    A view of what the pipeline loaded: no picture is copied, none is read or computed again.
    """
    for pixels, sample in zip(inputs, samples or ()):
        if 'pixels' not in sample and not why_not(pixels, sample, resize):
            sample.set_field(pixels_of(pixels, sample, bgr, resize), 'pixels', dtype=None)


def pixels_of(pixels: Tensor, sample: Any, bgr: bool = True, resize: bool = False) -> np.ndarray:
    """What a refiner sees of a sample: the pixels that the pipeline loaded, whatever it did to them before.

    The picture that ``mmcabl.KeepPicture`` put aside, or where there is none, the network's input before
    normalisation.

    Args:
        pixels: (3, h, w) uint8, what the pipeline packed as ``inputs``.
        sample: its data sample; ``ori_shape`` is the size of the result.
        bgr: the order of channels that the pipeline loads, mmcv's unless it is told otherwise.
        resize: take an input of another size, too.

    Returns:
        (H, W, 3) uint8 RGB, a view where the size fits.

    Raises:
        ValueError: the input has another size and no picture was kept, or is no picture any more.
    """
    problem = why_not(pixels, sample, resize)
    if problem:
        raise ValueError(problem)
    kept = sample.get('picture')
    if kept is not None:
        return _rgb(kept, bgr, _shape(pixels, sample))
    return unmirrored(_rgb(pixels.permute(1, 2, 0).cpu().numpy(), bgr, _shape(pixels, sample)), sample)


def loaded_pixels(batch: Dict[str, Any], index: int) -> np.ndarray:
    """:func:`pixels_of` one image of a batch as the data loader gives it, with test-time augmentation or without."""
    inputs, samples = batch['inputs'], batch['data_samples']
    if isinstance(samples[0], (list, tuple)):  # one list for each version
        inputs, samples = inputs[0], samples[0]
    return pixels_of(inputs[index], samples[index], resize=True)


def why_not(pixels: Tensor, sample: Any, resize: bool = False) -> str:
    """Why a sample's pixels cannot be had, in a sentence; '' where they can."""
    shape, name = _shape(pixels, sample), sample.get('img_path', 'An image')
    advice = ("put dict(type='mmcabl.KeepPicture') behind the step that loads images (and those that perturb them), "
              "and pack with mmcabl.PackForensicInputs or with 'picture' among the meta_keys")
    if sample.get('picture') is not None:
        return ''
    if pixels.dtype != torch.uint8:
        return f'{name} reaches the model as {pixels.dtype}, and refinement needs its pixels; {advice}.'
    if tuple(pixels.shape[-2:]) != shape and not resize:
        return (f'{name} is {shape[0]} x {shape[1]} px (height x width) and reaches the model as '
                f'{pixels.shape[-2]} x {pixels.shape[-1]}, and refinement needs its pixels; {advice}.')
    return ''


def _shape(pixels: Tensor, sample: Any) -> Tuple[int, int]:
    return tuple(sample.get('ori_shape', pixels.shape[-2:]))[:2]


def _rgb(picture: np.ndarray, bgr: bool, shape: Tuple[int, int]) -> np.ndarray:
    picture = picture[..., ::-1] if bgr else picture
    if picture.shape[:2] != shape:
        picture = cv2.resize(np.ascontiguousarray(picture), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return picture
