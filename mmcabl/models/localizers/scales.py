"""Test-time scales: resize images to a network size, bring maps back to the images' sizes."""

from numbers import Integral
from typing import Iterator, List, Sequence, Tuple, Union

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

Scale = Union[int, Tuple[int, int], str]
#: The least side of a network input; smaller images are enlarged to it at the scale 'native'.
MIN_SIDE = 32
ACCEPTED = (f"accepted are a side of {MIN_SIDE} px or more, a (height, width) pair, and 'native' (each image's own "
            'size)')


def check_scales(scales: Union[Scale, Sequence[Scale]]) -> List[Scale]:
    """A list of scales: sides of a square in px, (height, width) pairs, or ``'native'``.

    Numpy's integers are integers. Raises:
        ValueError: neither a scale nor a list of them, an empty list, or an entry that is no scale.
    """
    if isinstance(scales, (Integral, str)):
        scales = [scales]
    if not isinstance(scales, (list, tuple, range, np.ndarray)):
        raise ValueError(f'The test scales are {scales!r}; {ACCEPTED}, or a list of these.')
    checked: List[Scale] = [_checked(scale) for scale in scales]
    if not checked:
        raise ValueError('The list of test scales is empty; give one scale at least, such as [512].')
    return checked


def _checked(scale: Scale) -> Scale:
    if isinstance(scale, str) and scale == 'native':
        return scale
    sides = scale if isinstance(scale, (tuple, list)) else (scale, scale)
    if len(sides) != 2 or not all(isinstance(s, Integral) and s >= MIN_SIDE for s in sides):
        raise ValueError(f'Test scale {scale!r} is not understood; {ACCEPTED}.')
    return int(sides[0]), int(sides[1])


def resize(image: Tensor, size: Tuple[int, int]) -> Tensor:
    """(..., H, W) floats resized bilinearly, anti-aliased when shrinking; the image itself if it fits."""
    if tuple(image.shape[-2:]) == tuple(size):
        return image
    return F.interpolate(image[None], size=size, mode='bilinear', align_corners=False, antialias=True)[0]


def batches(images: Sequence[Tensor], scale: Scale) -> Iterator[Tuple[List[int], Tensor]]:
    """The images at one scale, in batches of one shape: indices and (b, 3, h, w).

    A fixed scale gives one batch; ``'native'`` one for each shape that occurs.
    """
    groups = {}
    for index, image in enumerate(images):
        size = (tuple(max(MIN_SIDE, s) for s in image.shape[-2:]) if scale == 'native' else scale)
        groups.setdefault(size, []).append(index)
    for size, indices in groups.items():
        yield indices, torch.stack([resize(images[i], size) for i in indices])


def to_image_size(maps: Tensor, covered: Tuple[int, int], inside: Tuple[int, int],
                  size: Tuple[int, int]) -> Tensor:
    """Bring maps on a network's grid to an image's size.

    Args:
        maps: (K, h, w).
        covered: (height, width) in input pixels that the grid spans, padding included.
        inside: the input's own (height, width), at the top left of what is covered.
        size: (height, width) of the image.

    Returns:
        (K, *size), bilinear.
    """
    def stretch(x: Tensor, to: Tuple[int, int]) -> Tensor:
        return F.interpolate(x[None], size=to, mode='bilinear', align_corners=False)[0]

    if tuple(covered) != tuple(inside):
        maps = stretch(maps, covered)[..., :inside[0], :inside[1]]
    return stretch(maps, size)
