"""Pairs of places in one image that look alike: its own keypoints matched with one another."""

from typing import Tuple

import cv2
import numpy as np

#: Matches whose ends both lie within this part of the diagonal of another's are one.
SAME = 0.005


def self_matches(grey: np.ndarray, keypoints: int, contrast: float, ratio: float, distance: float,
                 apart: float) -> Tuple[np.ndarray, np.ndarray]:
    """SIFT keypoints of an image that have a double elsewhere in it.

    Descriptors are RootSIFT (Arandjelovic and Zisserman, 2012). A match is the nearest descriptor of a keypoint
    ``apart``, is mutual, and is nearer than ``ratio`` times the nearest one that is ``apart`` and, by a third of it,
    from the match too: what an image shows many times, such as a row of windows, matches nothing.

    Args:
        grey: (H, W) uint8.
        keypoints: how many are kept, the strongest; the work grows with their square.
        contrast: least contrast of a keypoint, as of ``cv2.SIFT_create``.
        ratio: in (0, 1).
        distance: greatest distance of descriptors of unit length, in (0, 2).
        apart: least distance of both ends, as a part of the diagonal.

    Returns:
        Both ends (N, 2) float32 of each match as (x, y) in px; which is which means nothing.
    """
    nothing = np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    found, sift = cv2.SIFT_create(nfeatures=keypoints, contrastThreshold=contrast).detectAndCompute(grey, None)
    if sift is None or len(found) < 4:
        return nothing
    # `nfeatures` keeps all that tie with the last one, which is tens of thousands in a picture that repeats itself
    kept = sorted(range(len(found)), key=lambda i: (-found[i].response, found[i].pt, found[i].angle))[:keypoints]
    points, sift = np.array([found[i].pt for i in kept], np.float32), sift[kept]
    rooted = np.sqrt(sift / np.maximum(sift.sum(1, keepdims=True), 1e-7)).astype(np.float32)
    diagonal = float(np.hypot(*grey.shape))
    squares = (points ** 2).sum(1)
    away = squares[:, None] + squares - 2 * points @ points.T  # squared distances in the picture
    alike = rooted @ rooted.T
    alike[away < (apart * diagonal) ** 2] = -1
    best, every = alike.argmax(1), np.arange(len(points))
    first = alike[every, best]
    second = np.where(away[best] < (apart / 3 * diagonal) ** 2, -1, alike).max(1)
    near, next_near = (np.sqrt(np.maximum(0, 2 - 2 * each)) for each in (first, second))
    good = (best[best] == every) & (near < distance) & (near < ratio * next_near)
    a, b = points[good], points[best[good]]
    swap = ((a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1])))[:, None]  # each is there twice
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    cells = np.round(np.concatenate([a, b], 1) / max(SAME * diagonal, 1)).astype(int)
    _, once = np.unique(cells, axis=0, return_index=True)
    return a[once], b[once]
