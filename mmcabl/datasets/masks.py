"""How published masks become binary: one rule for each data set, by name. White is what ``full_scale`` says."""

import os
from pathlib import Path
from typing import Callable, Dict, Optional, Union

import numpy as np

from mmcabl.images import decode, full_scale, is_local, shown
from mmcabl.images.backends import Backend

#: By how many grey levels of 255 green must exceed red and blue. Columbia's JPEG noise stays below it.
GREEN_MARGIN = 64


def _bright(mask: np.ndarray) -> np.ndarray:
    """The brightest colour channel is above half of white. Alpha is ignored: it is 255 everywhere."""
    colours = _colours(mask)
    return colours.max(2) > full_scale(colours) / 2


def _green(mask: np.ndarray) -> np.ndarray:
    """Green exceeds red and blue by :data:`GREEN_MARGIN`: Columbia's edge masks, coloured JPEGs."""
    if mask.ndim < 3 or mask.shape[2] < 3:
        raise ValueError(f'a colour image is needed, this one has shape {mask.shape}')
    white = full_scale(mask[..., :3])
    blue, green, red = (mask[..., i].astype(np.float64) for i in range(3))
    return green - np.maximum(blue, red) > GREEN_MARGIN / 255 * white


#: name -> rule; takes an array as OpenCV decodes it unchanged, returns (H, W) bool
MASK_RULES: Dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'bright': _bright, 'green': _green,
    'dark': lambda mask: ~_bright(mask),  # black marks the manipulated area
    'any': lambda mask: _colours(mask).max(2) > 0}  # class numbers in place of grey levels


def _colours(mask: np.ndarray) -> np.ndarray:
    mask = mask if mask.ndim == 3 else mask[..., None]
    return mask[..., :3] if mask.shape[2] >= 3 else mask[..., :1]


def check_rule(rule: str) -> str:
    """``rule`` itself; raises ValueError when it is none of :data:`MASK_RULES`."""
    if rule not in MASK_RULES:
        raise ValueError(f'Unknown mask rule {rule!r}; accepted are {", ".join(MASK_RULES)}.')
    return rule


def read_mask(path: Union[str, Path], rule: str = 'bright', max_pixels: Optional[int] = None,
              backend_args: Backend = None) -> np.ndarray:
    """A published mask as (H, W) bool on the stored grid, true where the image is manipulated.

    Args:
        path: a mask in any encoding OpenCV reads: 1 to 32 bits, signed or not, floats; grey, RGB, RGBA, palette;
            lossless or not. What white is follows from the type and the largest value:
            :func:`mmcabl.images.full_scale`.
        rule: ``bright`` (above half of white, which also cuts anti-aliased borders in the middle), ``dark``,
            ``any`` (above zero) or ``green``.
        max_pixels, backend_args: of :func:`mmcabl.images.decode`.

    Raises:
        ValueError: one sentence that names the file: missing, empty, too large, not an image, unfit for the rule.
    """
    check_rule(rule)
    if is_local(path, backend_args) and not os.path.lexists(path):
        raise ValueError(f'{shown(path)} is not a mask: there is no such file.')
    mask = decode(path, unchanged=True, what='a mask', max_pixels=max_pixels, backend_args=backend_args).array
    try:
        return MASK_RULES[rule](mask)
    except ValueError as error:
        raise ValueError(f'{shown(path)} does not fit the mask rule {rule!r}: {error}.') from None
