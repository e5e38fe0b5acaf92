"""From a localization map to the visual prompts of CGSR (paper, Sec. II-C and Table VI)."""

from typing import Callable, Dict, Optional, Tuple

import cv2
import numpy as np

from mmcabl.structures.prompts import Prompts

#: The largest float32, a Python float: comparisons with it are made in float64.
LIMIT = float(np.finfo(np.float32).max)


def finite_map(cam: np.ndarray) -> np.ndarray:
    """A map (H, W) of any numbers as finite float32: what is not finite becomes the minimum of what is (or 0)."""
    cam = np.asarray(cam)
    good = np.isfinite(cam)
    if not good.all():
        cam = np.where(good, cam, cam[good].min() if good.any() else 0)
    return (np.clip(cam, -LIMIT, LIMIT) if cam.dtype.itemsize > 4 else cam).astype(np.float32)


def min_max(cam: np.ndarray) -> np.ndarray:
    """Min-max normalise a map (H, W) to [0, 1], float32; a constant map becomes all zeros.

    Whatever the values: those that are not finite count as the minimum (:func:`finite_map`), and a span that
    float32 cannot hold is taken in float64.
    """
    cam = finite_map(cam)
    low, high = float(cam.min()), float(cam.max())
    if not high > low:
        return np.zeros_like(cam)
    if high - low > LIMIT:
        cam = cam.astype(np.float64)
    return ((cam - low) / (high - low)).astype(np.float32)


def unit(cam: np.ndarray) -> np.ndarray:
    """A map (H, W) of probabilities as float32 in [0, 1]: what is not finite counts as the minimum."""
    return finite_map(cam).clip(0, 1)


#: How a map comes to [0, 1].
NORMALIZATIONS: Dict[str, Callable[[np.ndarray], np.ndarray]] = {'min_max': min_max, 'none': unit}


def largest_component_box(mask: np.ndarray) -> Optional[Tuple[int, int, int, int]]:
    """Bounding rectangle (XYXY, inclusive) of the largest 8-connected component, None if there is none.

    Of components of equal area, the first in reading order is taken.
    """
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    x, y, width, height, _ = stats[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())]
    return int(x), int(y), int(x + width - 1), int(y + height - 1)


def make_prompts(cam: np.ndarray, coarse: np.ndarray) -> Prompts:
    """Box from the coarse mask (H, W), points from the map (H, W) before min-max normalisation."""
    height, width = cam.shape
    top, bottom = int(cam.argmax()), int(cam.argmin())
    return Prompts(largest_component_box(coarse), (top % width, top // width),
                   (bottom % width, bottom // width))
