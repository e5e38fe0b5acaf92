"""Decoding an image file: never more pixels than agreed, never turned, and one sentence where it fails."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Union

import cv2
import numpy as np

from mmcabl.images.backends import Backend, read_file
from mmcabl.images.headers import TooLarge, read_header
from mmcabl.images.jpeg import is_cut
from mmcabl.images.levels import full_scale
from mmcabl.images.opencv_messages import quiet_opencv
from mmcabl.images.orientation import stored
from mmcabl.images.regular_files import shown

DEFAULT_MAX_PIXELS = 100_000_000
#: The same limit for every reader and tool that is not given one.
VARIABLE = 'MMCABL_MAX_PIXELS'


@dataclass(frozen=True)
class Decoded:
    """An array as OpenCV decodes it, on the stored grid, and the EXIF orientation (1 to 8) that turns it upright.

    ``animated``: the file has further pictures, which are not read.
    """

    array: np.ndarray
    orientation: int = 1
    animated: bool = False


def pixel_limit(given: Optional[int] = None) -> int:
    """The limit as given, or from the environment, or 100 megapixels."""
    text = os.environ.get(VARIABLE) if given is None else given
    try:
        limit = DEFAULT_MAX_PIXELS if text in (None, '') else int(text)
    except (TypeError, ValueError, OverflowError):
        limit = 0
    if limit < 1:
        raise ValueError(f'The limit of pixels (max_pixels, or {VARIABLE} in the environment) is {text!r}; accepted '
                         'is a number from 1.')
    return limit


def most_bytes(max_pixels: Optional[int] = None) -> int:
    """The bytes of the largest file that is read: four float channels, and 64 MiB for all else."""
    return 16 * pixel_limit(max_pixels) + 2 ** 26


def decode(path: Union[str, Path], unchanged: bool = False, what: str = 'an image',
           max_pixels: Optional[int] = None, backend_args: Backend = None) -> Decoded:
    """Read and decode an image file.

    Args:
        path: a regular file with any name, an address or a key; see :func:`mmcabl.images.read_file`.
        unchanged: keep the type and the channels; else (H, W, 3) BGR, 8 bits unless the file has floats or more than
            16 bits a sample, which stay as they are.
        what: what the file should be, for the sentences.
        max_pixels: more are not decoded; 100 megapixels, or what ``MMCABL_MAX_PIXELS`` says, by default.
        backend_args: of mmengine's file backend, told from the path by default.

    Raises:
        ValueError: one sentence that names the file: missing, not a regular file, empty, too large, truncated, not
            an image.
        OSError: the store of a file that is not local does not answer.
    """
    limit, name = pixel_limit(max_pixels), shown(path)
    data = read_file(path, most_bytes(limit), backend_args)
    try:
        header = read_header(data)
    except TooLarge as error:
        raise ValueError(f'{name} has more than {limit / 1e6:g} megapixels, the limit: {error}') from None
    except ValueError as error:
        raise ValueError(f'{name} is not {what} that OpenCV can decode: it {error} ({len(data)} bytes).') from None
    size = f'{header.width} x {header.height} px'
    if header.width * header.height > limit:
        raise ValueError(f'{name} has {size}, more than the limit of {limit / 1e6:g} megapixels (max_pixels, or '
                         f'{VARIABLE} in the environment).')
    if not header.ends:
        raise ValueError(f'{name} is truncated: its end is missing ({len(data)} bytes are there).')
    array = _decoded(data, unchanged or header.deep)
    if array is None or not array.size:
        raise ValueError(f'{name} is not {what} that OpenCV can decode ({len(data)} bytes, {header.format}, {size}).')
    if header.jpeg and is_cut(data, header.jpeg, array):
        raise ValueError(f'{name} is truncated: an end marker is there, but not all of the picture before it '
                         f'({len(data)} bytes).')
    if header.format == 'TIFF':
        array = stored(array, header.orientation)  # OpenCV turns TIFF files, whatever the flags
    return Decoded(array, header.orientation, header.animated)


def _decoded(data: bytes, unchanged: bool) -> Optional[np.ndarray]:
    flags = cv2.IMREAD_UNCHANGED if unchanged else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        with quiet_opencv():
            return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except (cv2.error, MemoryError):
        return None


def read_picture(path: Union[str, Path], max_pixels: Optional[int] = None, backend_args: Backend = None) -> Decoded:
    """Any image file as (H, W, 3) uint8 BGR on the stored grid, and its orientation.

    Grey is repeated, alpha dropped; 16 bits become 8. Floats (of 0 to 1, 255 or 65535) and integers of 32 bits are
    scaled to 0 to 255 by :func:`full_scale`.

    Args, Raises: of :func:`decode`.
    """
    found = decode(path, max_pixels=max_pixels, backend_args=backend_args)
    array = found.array
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3:
        return found
    try:
        scale = 255 / full_scale(array)
    except ValueError as error:
        raise ValueError(f'{shown(path)} cannot become grey levels: {error}.') from None
    array = array[..., None] if array.ndim == 2 else array
    array = array[..., :3] if array.shape[2] > 2 else np.repeat(array[..., :1], 3, axis=2)
    grey = np.clip(np.rint(array.astype(np.float64) * scale), 0, 255)
    return replace(found, array=np.ascontiguousarray(grey.astype(np.uint8)))


def read_image(path: Union[str, Path], max_pixels: Optional[int] = None, backend_args: Backend = None) -> np.ndarray:
    """The image of :func:`read_picture` alone."""
    return read_picture(path, max_pixels, backend_args).array
