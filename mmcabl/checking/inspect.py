"""One image and its mask: readable, of one size, and which other image is the same."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np
from rich.progress import track

from mmcabl.datasets.loading import read_image
from mmcabl.datasets.masks import read_mask
from mmcabl.engine.cores import usable_cores


@dataclass(frozen=True)
class Inspected:
    """What was found.

    Attributes:
        path, label, mask: as the data set lists them.
        error, mask_error: a sentence, or None.
        size, mask_size: (height, width), None where unreadable.
        area: part of the mask that is manipulated, in [0, 1].
        pixels: SHA-1 of the decoded pixels: equal for copies, whatever their metadata.
        perceptual: 64-bit difference hash: close for recompressed and resized copies.
    """

    path: str
    label: int
    mask: Optional[str]
    error: Optional[str] = None
    mask_error: Optional[str] = None
    size: Optional[Tuple[int, int]] = None
    mask_size: Optional[Tuple[int, int]] = None
    area: Optional[float] = None
    pixels: Optional[str] = None
    perceptual: Optional[int] = None


def difference_hash(image: np.ndarray) -> int:
    """64 bits: whether each of 8 x 8 cells of the grey picture is darker than its right neighbour."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    return int.from_bytes(np.packbits(small[:, 1:] > small[:, :-1]).tobytes(), 'big')


def inspect_entry(entry: Dict) -> Inspected:
    """Read one image of a data set, and its mask."""
    found = dict(path=entry['img_path'], label=entry['gt_label'], mask=entry['gt_mask_path'])
    try:
        image = read_image(found['path'])
    except ValueError as error:
        found['error'] = str(error)
    else:
        pixels = hashlib.sha1(repr(image.shape).encode())
        pixels.update(image.data)
        found.update(size=image.shape[:2], pixels=pixels.hexdigest(), perceptual=difference_hash(image))
    if found['mask'] is not None:
        try:
            mask = read_mask(found['mask'], entry['mask_rule'])
        except ValueError as error:
            found['mask_error'] = str(error)
        else:
            found.update(mask_size=mask.shape, area=float(mask.mean()))
    return Inspected(**found)


def inspect_all(entries: Sequence[Dict], title: str, workers: Optional[int] = None,
                progress: bool = True) -> List[Inspected]:
    """Every entry, on all cores (OpenCV and hashlib work outside Python's lock), with a progress bar."""
    workers = workers or usable_cores()
    with ThreadPoolExecutor(workers) as pool:
        return list(track(pool.map(inspect_entry, entries), title, total=len(entries), disable=not progress))
