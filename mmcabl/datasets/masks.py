"""How published masks become binary: one rule for each data set, by name."""

from pathlib import Path
from typing import Callable, Dict, Union

import cv2
import numpy as np

#: By how many grey levels green must exceed red and blue. Columbia's JPEG noise stays below it.
GREEN_MARGIN = 64


def _bright(mask: np.ndarray) -> np.ndarray:
    """The brightest colour channel is above half its range. Alpha is ignored: it is 255 everywhere."""
    return _colours(mask).max(2) > _half(mask)


def _dark(mask: np.ndarray) -> np.ndarray:
    """The brightest colour channel is below half its range: black marks the manipulated area."""
    return ~_bright(mask)


def _any(mask: np.ndarray) -> np.ndarray:
    """Any colour channel is above zero, for masks with class numbers in place of grey levels."""
    return _colours(mask).max(2) > 0


def _green(mask: np.ndarray) -> np.ndarray:
    """Green exceeds red and blue by :data:`GREEN_MARGIN`: Columbia's edge masks, coloured JPEGs."""
    if mask.ndim < 3 or mask.shape[2] < 3:
        raise ValueError(f'a colour image is needed, this one has shape {mask.shape}')
    blue, green, red = (mask[..., i].astype(np.int32) for i in range(3))
    return green - np.maximum(blue, red) > GREEN_MARGIN


#: name -> rule; takes an array as OpenCV decodes it unchanged, returns (H, W) bool
MASK_RULES: Dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'bright': _bright, 'dark': _dark, 'any': _any, 'green': _green}


def _colours(mask: np.ndarray) -> np.ndarray:
    mask = mask if mask.ndim == 3 else mask[..., None]
    return mask[..., :3] if mask.shape[2] >= 3 else mask[..., :1]


def _half(mask: np.ndarray) -> float:
    return np.iinfo(mask.dtype).max // 2 if mask.dtype.kind == 'u' else 0.5


def check_rule(rule: str) -> str:
    """``rule`` itself; raises ValueError when it is none of :data:`MASK_RULES`."""
    if rule not in MASK_RULES:
        raise ValueError(f'Unknown mask rule {rule!r}; accepted are {", ".join(MASK_RULES)}.')
    return rule


def read_mask(path: Union[str, Path], rule: str = 'bright') -> np.ndarray:
    """A published mask as (H, W) bool, true where the image is manipulated.

    Args:
        path: a mask in any encoding OpenCV reads: 1, 8 or 16 bits; grey, RGB, RGBA, palette; lossless or not.
        rule: ``bright`` (above half the range, which also cuts anti-aliased borders in the middle), ``dark``,
            ``any`` (above zero) or ``green``.

    Raises:
        ValueError: one sentence that names the file: missing, empty, not an image, unfit for the rule.
    """
    check_rule(rule)
    data = np.fromfile(str(path), np.uint8) if Path(path).is_file() else np.zeros(0, np.uint8)
    mask = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if mask is None:
        raise ValueError(f'{path} is not a mask that OpenCV can decode ({data.size} bytes).')
    try:
        return MASK_RULES[rule](mask)
    except ValueError as error:
        raise ValueError(f'{path} does not fit the mask rule {rule!r}: {error}.') from None
