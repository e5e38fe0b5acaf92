"""Soft maps as PNG, 8 or 16 bits deep: thresholds can then be chosen without the model."""

import io
from pathlib import Path
from typing import Union

import numpy as np
from PIL import Image

from mmcabl.images.decoding import decode
from mmcabl.utils.files import write_whole

DEPTHS = {8: np.uint8, 16: np.uint16}
_EXIF_ORIENTATION = 274


def checked_bits(bits: int) -> int:
    """The depth of stored maps, 0 for none.

    Raises:
        ValueError: another than 0, 8, 16.
    """
    if bits not in (0, *DEPTHS):
        raise ValueError(f'Maps were asked for with {bits} bits; accepted are 8 and 16 (and 0 for no maps).')
    return bits


def write_map(path: Union[str, Path], cam: np.ndarray, bits: int, orientation: int = 1) -> None:
    """Write a map (H, W) in [0, 1] as a grey PNG, white is 1, rounded to 1 / 255 or 1 / 65535.

    Args:
        orientation: EXIF's, of the photograph: noted in the file, so viewers turn both alike; the pixels stay on the
            stored grid.

    Raises:
        ValueError: another depth; a value that is not in [0, 1].
        NotWritten: the file cannot be written.
    """
    checked_bits(bits)
    if cam.ndim != 2 or not cam.size or not (cam.min() >= 0 and cam.max() <= 1):  # which NaN is not
        raise ValueError(f'A map of shape {cam.shape} is to be stored, whose values must be 0 to 1.')
    kind = DEPTHS[bits]
    grey = np.rint(np.asarray(cam, np.float64) * np.iinfo(kind).max).astype(kind)
    write_whole(path, png(grey, orientation))


def png(plane: np.ndarray, orientation: int = 1) -> bytes:
    """(H, W) uint8 or uint16 as a PNG file that notes EXIF's orientation."""
    buffer, exif = io.BytesIO(), Image.Exif()
    if orientation != 1:
        exif[_EXIF_ORIENTATION] = orientation
    Image.fromarray(plane).save(buffer, 'PNG', **(dict(exif=exif) if len(exif) else {}))
    return buffer.getvalue()


def read_map(path: Union[str, Path]) -> np.ndarray:
    """(H, W) float32 in [0, 1], on the stored grid, of what :func:`write_map` wrote.

    Raises:
        ValueError: no such PNG.
    """
    array = decode(path, unchanged=True, what='a map').array
    if array.ndim != 2 or array.dtype not in DEPTHS.values():
        raise ValueError(f'{path} is {array.dtype} {array.shape}; a map is grey and has 8 or 16 bits.')
    return (array / np.float32(np.iinfo(array.dtype).max)).astype(np.float32)
