"""Pictures of a localization: image, truth, map with its prompts, mask."""

from typing import Dict, Optional

import numpy as np

from mmcabl.images import upright
from mmcabl.images.drawing import draw_prompts, heat, tint
from mmcabl.structures import ForensicSample


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
    """:func:`overlay` of what is known of an image; an empty mask where it is not flagged and so has none.

    Raises:
        ValueError: its picture, map or mask is not known.
    """
    cam = sample.required('cam')
    mask = np.zeros(cam.shape, bool) if sample.flagged is False else sample.required('mask')
    return overlay(sample.required('picture'), sample.truth, cam, sample.prompts, mask, sample.orientation)
