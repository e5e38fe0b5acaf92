"""Test-time scales: resize images to a network size, bring maps back to the images' sizes."""

import re
from numbers import Integral
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

Scale = Union[int, Tuple[int, int], str]
#: The least side of a network input; smaller images are enlarged to it at the scales 'native' and 'within N'.
MIN_SIDE = 32
ACCEPTED = (f"accepted are a side of {MIN_SIDE} px or more, a (height, width) pair, 'native' (each image's own size) "
            "and 'within N' (the same, but its longer side shrunk to N px where it is longer), as 'within 512', or "
            "'within512' where spaces are lost, as in --cfg-options")


def check_scales(scales: Union[Scale, Sequence[Scale]]) -> List[Scale]:
    """A list of scales: sides of a square in px, (height, width) pairs, ``'native'``, or ``'within N'``.

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
    limit = limit_of(scale)
    if limit and limit >= MIN_SIDE:
        return f'within {limit}'
    sides = scale if isinstance(scale, (tuple, list)) else (scale, scale)
    if len(sides) != 2 or not all(isinstance(s, Integral) and s >= MIN_SIDE for s in sides):
        raise ValueError(f'Test scale {scale!r} is not understood; {ACCEPTED}.')
    return int(sides[0]), int(sides[1])


def limit_of(scale: Scale) -> Optional[int]:
    """N of the scale ``'within N'``, with or without the space; None of any other."""
    found = re.fullmatch(r'within ?([1-9][0-9]{0,8})', scale) if isinstance(scale, str) else None
    return int(found[1]) if found else None


def network_size(scale: Scale, shape: Sequence[int]) -> Tuple[int, int]:
    """(height, width) in which an image of some (height, width) is shown at a scale.

    In whole numbers alone, as ``mmcabl.export.traced.shown`` does the same where sizes are traced.
    """
    if not isinstance(scale, str):
        return scale if isinstance(scale, tuple) else (scale, scale)
    height, width = (int(s) for s in shape)
    limit = limit_of(scale)
    if limit:
        longest = max(height, width, limit)
        height, width = ((2 * side * limit + longest) // (2 * longest) for side in (height, width))
    return max(MIN_SIDE, height), max(MIN_SIDE, width)


def resize(image: Tensor, size: Tuple[int, int]) -> Tensor:
    """(..., H, W) floats resized bilinearly, anti-aliased when shrinking; the image itself if it fits."""
    if tuple(image.shape[-2:]) == tuple(size):
        return image
    return F.interpolate(image[None], size=size, mode='bilinear', align_corners=False, antialias=True)[0]


def batches(images: Sequence[Tensor], scales: Sequence[Scale],
            ) -> Iterator[Tuple[Dict[int, List[int]], bool, Tensor]]:
    """The images at all scales, in batches of one shape; sizes that scales (``'within N'``, or others) share, once.

    Yields:
        For each image of the batch its index and which of the scales have this size of it; whether maps come to
        the image's size by way of the input's (``'within N'``), as those of an exported network have to, which
        cannot look at sizes; and the batch (b, 3, h, w).
    """
    groups: Dict[Tuple[Tuple[int, int], bool], Dict[int, List[int]]] = {}
    for number, scale in enumerate(scales):
        for index, image in enumerate(images):
            group = groups.setdefault((network_size(scale, image.shape[-2:]), limit_of(scale) is not None), {})
            group.setdefault(index, []).append(number)
    for (size, by_input), group in groups.items():
        yield group, by_input, torch.stack([resize(images[i], size) for i in group])


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
