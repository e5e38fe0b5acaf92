"""What is drawn on a picture: maps as colours, prompts, masks. Imports no OpenMMLab package."""

from typing import Dict

import cv2
import numpy as np

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
