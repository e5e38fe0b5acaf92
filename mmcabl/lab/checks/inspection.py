"""One image and its mask: readable, of one size, and which other image is the same."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np
from PIL import Image
from rich.progress import track

from mmcabl.datasets.masks import read_mask
from mmcabl.datasets.transforms.loading import fit_mask
from mmcabl.images import read_picture
from mmcabl.utils.cores import usable_cores


@dataclass(frozen=True)
class Inspected:
    """What was found.

    Attributes:
        path, label, mask: as the data set lists them.
        error, mask_error: a sentence, or None.
        size, mask_size: (height, width) as stored, None where unreadable.
        fitted: what fits the mask to its image: ``turned``, ``resized``, or '' for nothing.
        area: part of the fitted mask that is manipulated, in [0, 1].
        orientation: EXIF's, 1 to 8.
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
    fitted: str = ''
    area: Optional[float] = None
    orientation: int = 1
    pixels: Optional[str] = None
    perceptual: Optional[int] = None

    @property
    def why_unusable(self) -> Optional[str]:
        """Why the image does not count for I-AUC, or a manipulated one not for P-F1; None if it does."""
        if self.error or self.label == 0:
            return self.error
        if self.mask is None:
            return 'it has no mask'
        if self.area is not None and not 0 < self.area < 1:
            return f'its mask marks {"everything" if self.area else "nothing"}'
        return self.mask_error


def difference_hash(image: np.ndarray) -> int:
    """64 bits: whether each of 8 x 8 cells of a BGR or grey uint8 picture is darker than its right neighbour."""
    from imagehash import dhash  # used by this check alone
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    return int(str(dhash(Image.fromarray(grey))), 16)


def inspect_entry(entry: Dict, max_pixels: Optional[int] = None) -> Inspected:
    """Read one image of a data set, and its mask."""
    found = dict(path=entry['img_path'], label=entry['gt_label'], mask=entry['gt_mask_path'])
    try:
        picture = read_picture(found['path'], max_pixels)
    except ValueError as error:
        found['error'] = str(error)
    else:
        image = picture.array
        pixels = hashlib.sha1(repr(image.shape).encode())
        pixels.update(image.data)
        found.update(size=image.shape[:2], orientation=picture.orientation, pixels=pixels.hexdigest(),
                     perceptual=difference_hash(image))
    if found['mask'] is not None:
        try:
            mask = read_mask(found['mask'], entry['mask_rule'], max_pixels)
        except ValueError as error:
            found['mask_error'] = str(error)
        else:
            found['mask_size'] = mask.shape
            if 'size' in found:
                mask, found['fitted'] = fit_mask(mask, found['size'], found['orientation'])
            found['area'] = float(mask.mean())
    return Inspected(**found)


def inspect_all(entries: Sequence[Dict], title: str, workers: Optional[int] = None, progress: bool = True,
                max_pixels: Optional[int] = None) -> List[Inspected]:
    """Every entry, on all cores (OpenCV and hashlib work outside Python's lock), with a progress bar."""
    with ThreadPoolExecutor(workers or usable_cores()) as pool:
        found: Iterator = pool.map(inspect_entry, entries, [max_pixels] * len(entries))
        return list(track(found, title, total=len(entries), disable=not progress))
