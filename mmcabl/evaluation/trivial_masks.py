"""Masks that look at no pixel of the image. A method that is not above them has found nothing."""

import zlib
from typing import Dict, NamedTuple, Tuple

import numpy as np


class TrivialMask(NamedTuple):
    """A mask (H, W) bool and the map (H, W) float32 in [0, 1] that it comes from."""

    mask: np.ndarray
    cam: np.ndarray


def all_ones(shape: Tuple[int, int]) -> TrivialMask:
    """Everything is manipulated."""
    return TrivialMask(np.ones(shape, bool), np.ones(shape, np.float32))


def random_half(shape: Tuple[int, int], source: str = '') -> TrivialMask:
    """Every pixel with probability 0.5, drawn from the image's path: the same in every run."""
    seed = zlib.crc32(source.encode(errors='surrogatepass'))
    mask = np.random.default_rng(seed).random(shape, np.float32) < 0.5
    return TrivialMask(mask, mask.astype(np.float32))


def centre(shape: Tuple[int, int]) -> TrivialMask:
    """Minus the squared distance from the image's centre, in parts of its height and width, min-max normalised.

    At 0.5 it is the ellipse that touches the borders, pi / 4 of the image: what people forge lies in the middle.
    """
    y, x = ((np.arange(n, dtype=np.float32) + 0.5) / n - 0.5 for n in shape)
    far = y[:, None] ** 2 + x[None] ** 2
    cam = (far.max() - far) / max(float(far.max() - far.min()), 1e-12)
    return TrivialMask(cam >= 0.5, cam.astype(np.float32))


def trivial_masks(shape: Tuple[int, int], source: str = '') -> Dict[str, TrivialMask]:
    """``all_ones``, ``random`` and ``centre`` for an image of (H, W) px whose path is ``source``."""
    return dict(all_ones=all_ones(shape), random=random_half(shape, source), centre=centre(shape))
