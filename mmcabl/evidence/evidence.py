"""A finding in an image, and how it weighs on what the network says; ours, not the paper's (``docs/real.md``)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Iterable, Optional, Tuple

import numpy as np

from mmcabl.refinement.prompting import finite_map, min_max


@dataclass(frozen=True)
class Evidence:
    """Something that manipulated images have more often than authentic ones.

    Attributes:
        odds: by how much it multiplies the odds that the image is manipulated; positive, 1 says nothing.
        region: (H, W) bool, where it is; None where that is not known.
        note: a sentence for people.
    """

    odds: float
    region: Optional[np.ndarray] = None
    note: str = ''


class EvidenceFinder(ABC):
    """Looks for one kind of evidence; needs no training and no weights."""

    @abstractmethod
    def __call__(self, image: np.ndarray) -> Optional[Evidence]:
        """What is found in an (H, W, 3) uint8 RGB image; None: nothing."""


def raised(score: float, odds: float) -> float:
    """A probability in [0, 1] whose odds are multiplied: ``p o / (1 - p + p o)``; 0 and 1 stay.

    Examples:
        >>> raised(0.5, 3.)
        0.75
    """
    return score * odds / (1 - score + score * odds)


def marked(cam: np.ndarray, region: np.ndarray) -> np.ndarray:
    """A map (H, W) with a region on top: ``(min-max(cam) + 3 region) / 4`` of the map's own range, float32.

    Min-max normalised, what is inside of the region (bool) is above 1/2 and the rest below; within each the network's
    order stays. An empty region changes nothing; a constant map's range counts as 1.
    """
    if region.shape != cam.shape:
        raise ValueError(f'The map is {cam.shape}, the region {region.shape} (height, width); they must agree.')
    if not region.any():
        return cam
    cam = finite_map(cam)
    low, high = float(cam.min()), float(cam.max())
    return (low + ((high - low) or 1.) * (min_max(cam) + 3 * region) / 4).astype(np.float32)


def weigh(finders: Iterable[EvidenceFinder], image: np.ndarray, score: float,
          cam: np.ndarray) -> Tuple[float, np.ndarray, str]:
    """Score, map (H, W) and a note ('' for none), once all finders have looked at the image (H, W, 3) uint8 RGB."""
    notes = []
    for finder in finders:
        found = finder(image)
        if found is not None:
            score = raised(score, found.odds)
            cam = cam if found.region is None else marked(cam, found.region)
            notes.append(found.note)
    return score, cam, ' '.join(filter(None, notes))
