"""Pictures of a localization: image, truth, map with its prompts, mask."""

from typing import Dict, Optional

import cv2
import numpy as np

from mmcabl.images import upright
from mmcabl.structures import ForensicSample

POSITIVE, NEGATIVE, BOX, BORDER = (60, 220, 60), (230, 50, 50), (255, 215, 0), (255, 255, 255)


def heat(cam: np.ndarray) -> np.ndarray:
    """A normalised map (H, W) in [0, 1] as an (H, W, 3) uint8 RGB picture."""
    coloured = cv2.applyColorMap(np.rint(cam * 255).astype(np.uint8), cv2.COLORMAP_JET)
    return coloured[..., ::-1]


def draw_prompts(picture: np.ndarray, prompts: Dict) -> np.ndarray:
    """A copy with the box (gold), the positive point (green) and the negative one (red) drawn on it."""
    picture = np.ascontiguousarray(picture).copy()
    width = max(1, round(min(picture.shape[:2]) / 160))
    if prompts['box'] is not None:
        x0, y0, x1, y1 = prompts['box']
        cv2.rectangle(picture, (x0, y0), (x1, y1), BOX, width)
    for name, colour in (('positive', POSITIVE), ('negative', NEGATIVE)):
        cv2.circle(picture, tuple(prompts[name]), 4 * width, BORDER, -1)
        cv2.circle(picture, tuple(prompts[name]), 3 * width, colour, -1)
    return picture


def tint(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The image (H, W, 3) with the mask (H, W) bool in red and its outline in white."""
    picture = image.copy()
    picture[mask] = (0.45 * picture[mask] + 0.55 * np.array([255, 0, 0])).astype(np.uint8)
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return cv2.drawContours(picture, outlines, -1, BORDER, 1)


def overlay(image: np.ndarray, truth: Optional[np.ndarray], cam: np.ndarray, prompts: Optional[Dict],
            mask: np.ndarray, orientation: int = 1) -> np.ndarray:
    """Four panels side by side: image, truth (grey where unknown), map with its prompts, final mask on the image.

    Arguments are fields of :class:`mmcabl.structures.ForensicSample`; panels are turned upright by ``orientation``.

    Returns:
        (H, 4 W + gaps, 3) uint8 RGB, of upright H and W.
    """
    known = np.full(image.shape, 128, np.uint8) if truth is None else np.repeat(
        truth[..., None].astype(np.uint8) * 255, 3, axis=2)
    blended = (0.5 * image + 0.5 * heat(cam)).astype(np.uint8)
    drawn = blended if prompts is None else draw_prompts(blended, prompts)
    panels = [upright(panel, orientation) for panel in (image, known, drawn, tint(image, mask))]
    gap = np.full((panels[0].shape[0], max(2, panels[0].shape[1] // 64), 3), 255, np.uint8)
    return np.hstack([part for panel in panels for part in (panel, gap)][:-1])


def overlay_of(sample: ForensicSample) -> np.ndarray:
    """:func:`overlay` of what is known of an image.

    Raises:
        ValueError: its picture, map or mask is not known.
    """
    return overlay(sample.required('picture'), sample.truth, sample.required('cam'), sample.prompts,
                   sample.required('mask'), sample.orientation)
