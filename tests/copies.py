"""Pictures in which a part lies twice."""

import cv2
import numpy as np


def picture(height=200, width=280, seed=0):
    """(H, W, 3) uint8 with detail of every size that repeats nowhere."""
    rng = np.random.default_rng(seed)
    found = np.zeros((height, width, 3), np.float32)
    for cells in (6, 14, 30, 60):
        noise = rng.normal(0, 30, (cells, cells, 3)).astype(np.float32)
        found += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(found + 128, 0, 255).astype(np.uint8)


def forged(motion, seed=0, height=200, width=280, at=(60, 70), radius=34):
    """A disc of the picture is moved by (2, 3) ``motion``; returns the picture, source and copy (H, W) bool."""
    image = picture(height, width, seed)
    source = cv2.circle(np.zeros((height, width), np.uint8), at, radius, 1, -1)
    motion = np.asarray(motion, np.float32)
    moved, copy = (cv2.warpAffine(each, motion, (width, height), flags=how) for each, how in (
        (image, cv2.INTER_CUBIC), (source, cv2.INTER_NEAREST)))
    image[copy > 0] = moved[copy > 0]
    return image, source > 0, copy > 0


def turned(degrees, scale, shift, centre=(60, 70)):
    motion = cv2.getRotationMatrix2D(centre, degrees, scale)
    motion[:, 2] += shift
    return motion
