"""The photograph that a forgery was made of, found by what both show."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Sequence, Tuple, Union

import cv2
import numpy as np

from mmcabl.images import read_image

#: Side of a thumbnail, and the grey levels within which two of its cells agree.
SIDE, TOLERANCE = 24, 8
#: Nearest thumbnails by distance whose cells are then compared.
NEAREST = 5
#: Forgeries compared at a time.
CHUNK = 256


@dataclass(frozen=True)
class HostPair:
    """A forgery and the authentic image that agrees with it in most places.

    Attributes:
        forged, host: their paths.
        agreement: part of the thumbnail's cells that agree in every channel.
    """

    forged: str
    host: str
    agreement: float


def thumbnails(paths: Sequence[Union[str, Path]]) -> Tuple[List[str], np.ndarray]:
    """Paths of the images that can be read, and their thumbnails (N, 24, 24, 3) float32."""
    kept, small = [], []
    for path in paths:
        try:
            image = read_image(str(path))
        except ValueError:
            continue
        kept.append(str(path))
        small.append(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    return kept, np.stack(small).astype(np.float32) if small else np.zeros((0, SIDE, SIDE, 3), np.float32)


def nearest(queries: np.ndarray, others: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """For each thumbnail (N, s, s, 3), which of (M, s, s, 3) agrees most with it, and in what part of its cells."""
    best, part = np.zeros(len(queries), int), np.zeros(len(queries))
    if not len(others):
        return best, part
    flat = others.reshape(len(others), -1)
    norms = (flat ** 2).sum(1)
    count = min(NEAREST, len(others))
    for start in range(0, len(queries), CHUNK):
        chunk = queries[start:start + CHUNK]
        distance = norms - 2 * chunk.reshape(len(chunk), -1) @ flat.T
        for i, candidates in enumerate(np.argpartition(distance, count - 1, 1)[:, :count], start):
            agree = (np.abs(others[candidates] - queries[i]).max(-1) < TOLERANCE).mean((-2, -1))
            best[i], part[i] = candidates[agree.argmax()], agree.max()
    return best, part


def find_hosts(forged: Sequence[Union[str, Path]], authentic: Sequence[Union[str, Path]],
               kept_out: Sequence[Union[str, Path]] = (), least: float = 0.6) -> List[HostPair]:
    """Forgeries with the photographs they were made of, where there are such.

    Args:
        forged, authentic: image files; labels are all that is known of them.
        kept_out: images on which something will be chosen or reported. Forgeries and hosts that agree with one of
            them in ``least`` of their cells are left out.
        least: agreement of a forgery with its host, 0 to 1. What was changed is the rest.

    Returns:
        Pairs in the order of ``forged``; a host may occur in many.
    """
    paths, small = thumbnails(forged)
    hosts, host_small = thumbnails(authentic)
    _, away = thumbnails(kept_out)
    index, agreement = nearest(small, host_small)
    known, host_known = nearest(small, away)[1], nearest(host_small, away)[1]
    return [HostPair(path, hosts[i], float(a)) for path, i, a, k in zip(paths, index, agreement, known)
            if a >= least and k < least and host_known[i] < least]


def apart_from(photographs: Sequence[Union[str, Path]], kept_out: Sequence[Union[str, Path]],
               least: float = 0.5) -> List[str]:
    """The photographs that agree with none of ``kept_out`` in ``least`` of their cells, in their order."""
    paths, small = thumbnails(photographs)
    return [path for path, part in zip(paths, nearest(small, thumbnails(kept_out)[1])[1]) if part < least]
