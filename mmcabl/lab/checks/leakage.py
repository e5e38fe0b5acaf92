"""Authentic images that two data sets share: what was trained on would be tested on."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

import numpy as np

from mmcabl.lab.checks.inspection import Inspected


@dataclass(frozen=True)
class Leakage:
    """Pairs (path in the first set, path in the second) and, for near ones, the bits that differ (of 64)."""

    exact: List[Tuple[str, str]]
    near: List[Tuple[str, str, int]]


def find_leakage(first: Sequence[Inspected], second: Sequence[Inspected], max_bits: int = 4) -> Leakage:
    """Authentic images shared by two data sets.

    Args:
        first, second: inspected images; manipulated and unreadable ones are passed over.
        max_bits: two images are near if their 64-bit difference hashes differ in no more bits than these.

    Returns:
        Exact pairs (same pixels), and for each image of ``first`` without one the nearest of ``second``.
    """
    ours, theirs = ([i for i in part if i.label == 0 and i.pixels] for part in (first, second))
    same: Dict[str, List[str]] = defaultdict(list)
    for image in theirs:
        same[image.pixels].append(image.path)
    exact = [(image.path, path) for image in ours for path in same.get(image.pixels, [])]
    left = [image for image in ours if image.pixels not in same]
    near = []
    hashes = np.array([image.perceptual for image in theirs], np.uint64)
    for image in left if len(hashes) else []:
        bits = _differing(hashes, image.perceptual)
        nearest = int(bits.argmin())
        if bits[nearest] <= max_bits:
            near.append((image.path, theirs[nearest].path, int(bits[nearest])))
    return Leakage(exact, near)


def _differing(hashes: np.ndarray, one: int) -> np.ndarray:
    """Number of bits in which each of ``hashes`` (N,) uint64 differs from ``one``."""
    return np.unpackbits((hashes ^ np.uint64(one)).view(np.uint8).reshape(-1, 8), axis=1).sum(1)
