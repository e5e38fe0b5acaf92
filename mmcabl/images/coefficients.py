"""Quantised DCT coefficients of a JPEG file, as an encoder wrote them: no decoder's rounding is in them.

``jpeglib`` reads them; it is native code and an extra (``pip install 'mmcabl[table1]'``). It gets a file only after
``mmcabl.images`` has decoded it, and without the segments that do not matter here.
"""

import io
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Tuple

import numpy as np
from PIL import Image

from mmcabl.images.jpeg import Jpeg

BLOCK = 8
SIGNATURE = b'\xff\xd8'
_SCAN, _COMMENT, _APPLICATION = 0xda, 0xfe, range(0xe0, 0xf0)


def jpeglib_module() -> ModuleType:
    """The library.

    Raises:
        ImportError: it is not installed; the sentence says how to.
    """
    try:
        import jpeglib
    except ImportError:
        raise ImportError("Reading DCT coefficients needs jpeglib, which is not installed: pip install jpeglib, or "
                          "'mmcabl[table1]'.") from None
    return jpeglib


def luma_coefficients(data: bytes, shape: Tuple[int, int]) -> Tuple[np.ndarray, np.ndarray]:
    """Coefficients and quantisation table of the first component: luma, or the grey level.

    Args:
        data: a JPEG file, sequential or progressive, of any subsampling, that our reader has decoded.
        shape: (height, width) of what it decoded to.

    Returns:
        (8 ceil(H / 8), 8 ceil(W / 8)) int16, blocks in place, within each the frequencies row by row; (8, 8) int32.

    Raises:
        ValueError: what is wrong, without a subject.
    """
    found = Jpeg.walk(data)
    if (found.height, found.width) != tuple(shape) or not found.whole or len(found.left) not in (1, 3, 4):
        raise ValueError(f'it is not a whole JPEG file of 1, 3 or 4 components and {shape[1]} x {shape[0]} px')
    with tempfile.TemporaryDirectory(prefix='mmcabl_') as folder:
        path = Path(folder) / 'picture.jpg'
        path.write_bytes(without_metadata(data[:found.end] + b'\xff\xd9'))
        try:
            read = jpeglib_module().read_dct(str(path))
            blocks = np.asarray(read.Y)
            table = np.asarray(read.qt)[int(read.quant_tbl_no[0])]
        except (OSError, IndexError, ValueError, TypeError) as error:
            raise ValueError(f'jpeglib cannot read its coefficients ({type(error).__name__})') from None
    if table.shape != (BLOCK, BLOCK) or not table.all():
        raise ValueError('its quantisation table has zeros in it, which no encoder writes')
    return laid_out(blocks, shape), table.astype(np.int32)


def laid_out(blocks: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """Blocks (h, w, 8, 8) in their places in (8 ceil(H / 8), 8 ceil(W / 8)), 0 where there are none."""
    height, width = (-(-side // BLOCK) * BLOCK for side in shape)
    plane = blocks.transpose(0, 2, 1, 3).reshape(blocks.shape[0] * BLOCK, blocks.shape[1] * BLOCK)
    out = np.zeros((height, width), np.int16)
    plane = plane[:height, :width]
    out[:plane.shape[0], :plane.shape[1]] = plane
    return out


def without_metadata(data: bytes) -> bytes:
    """A JPEG file without the application and comment segments before its first scan: jpeglib bears 50 of them."""
    parts, at = [SIGNATURE], 2
    while at + 4 <= len(data):
        if data[at] != 0xff:  # not at a marker: leave the rest to the library
            break
        code, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2:at + 4], 'big')
        if code == _SCAN:
            break
        if code == 0xff:  # a fill byte
            at += 1
            continue
        if code != _COMMENT and code not in _APPLICATION:
            parts.append(data[at:end])
        at = end
    return b''.join([*parts, data[at:]])


def compressed(picture: np.ndarray) -> Tuple[bytes, np.ndarray]:
    """A picture as a JPEG file of quality 100 without subsampling, and what that decodes to.

    For images that have no coefficients: what CAT-Net's public code writes for formats other than JPEG.

    Args:
        picture: (H, W, 3) uint8 BGR.

    Raises:
        ValueError: larger than JPEG allows; without a subject.
    """
    buffer = io.BytesIO()
    try:
        Image.fromarray(np.ascontiguousarray(picture[..., ::-1])).save(buffer, 'JPEG', quality=100, subsampling=0)
    except (OSError, ValueError) as error:
        raise ValueError(f'it cannot be saved as JPEG ({type(error).__name__}), whose sides have 65,500 px at '
                         'most') from None
    with Image.open(buffer, formats=['JPEG']) as opened:
        decoded = np.asarray(opened.convert('RGB'))
    return buffer.getvalue(), np.ascontiguousarray(decoded[..., ::-1])
