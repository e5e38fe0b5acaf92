"""What a file says of itself before anything is decoded: format, size, orientation."""

import io
from dataclasses import dataclass
from typing import Optional

from PIL import Image, TiffImagePlugin

from mmcabl.images.jpeg import Jpeg

#: Formats that are read besides JPEG, PNG and TIFF, by Pillow's names: it reads their headers, OpenCV decodes them.
OTHERS = ('BMP', 'DIB', 'WEBP', 'GIF', 'PPM', 'JPEG2000', 'AVIF', 'SUN')
PNG = b'\x89PNG\r\n\x1a\n'
TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
#: Kinds of ISO media files that phones write for photographs, by their brands; nothing here decodes them.
HEIC = (b'heic', b'heix', b'hevc', b'hevx', b'heim', b'heis', b'mif1', b'msf1')
_WIDTH, _HEIGHT, _BITS, _ORIENTATION, _SAMPLES = 256, 257, 258, 274, 339


class TooLarge(ValueError):
    """Pillow refuses the size by its own limit."""


@dataclass(frozen=True)
class Header:
    """What is known before decoding.

    Attributes:
        format: Pillow's name of it.
        orientation: EXIF's, 1 to 8; 1 where there is none or another value.
        ends: False if the file lacks its end.
        deep: samples are floats or have more than 16 bits.
        jpeg: structure of a JPEG file.
        animated: it has more pictures than one (GIF, WebP); the first is read.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    ends: bool = True
    deep: bool = False
    jpeg: Optional[Jpeg] = None
    animated: bool = False


def read_header(data: bytes) -> Header:
    """The header of an image file.

    Raises:
        ValueError: none of the formats that are read, or a broken header; the text has no subject.
        TooLarge: for Pillow.
    """
    if data[:2] == b'\xff\xd8':
        found = Jpeg.walk(data)
        return Header('JPEG', found.width, found.height, _orientation(found.exif), found.whole, jpeg=found)
    if data[:8] == PNG:
        return _png(data)
    Image.init()
    name = 'TIFF' if data[:4] in TIFF else next((n for n in OTHERS if _starts(n, data[:16])), None)
    if name:
        try:
            if name == 'TIFF':
                return _tiff(data)
            opened = Image.OPEN[name][0](io.BytesIO(data), '')  # not Image.open: its warnings hang on a global
            return Header(name, *opened.size, _orientation(opened.info.get('exif')),
                          animated=bool(getattr(opened, 'is_animated', False)))
        except Image.DecompressionBombError as error:
            raise TooLarge(str(error)) from None
        except Exception as error:  # noqa: B902 - Pillow's parsers raise anything on a hostile header
            raise ValueError(f'has a broken {name} header ({type(error).__name__})') from None
    if data[4:8] == b'ftyp' and data[8:12] in HEIC:
        raise ValueError('is HEIC, which is not read here; convert it to PNG or TIFF, which lose nothing more')
    raise ValueError(f'is none of the formats that are read: JPEG, PNG, TIFF, {", ".join(OTHERS)}')


def _starts(name: str, data: bytes) -> bool:
    try:
        return name in Image.OPEN and Image.OPEN[name][1](data) is True
    except Exception:  # noqa: B902 - of fewer bytes than it looks at
        return False


def _orientation(exif: Optional[bytes]) -> int:
    if not exif or not (b'\x12\x01\x03\0' in exif or b'\x01\x12\0\x03' in exif):  # the tag and its type
        return 1
    try:
        found = Image.Exif()
        found.load(exif)
        value = found.get(_ORIENTATION, 1)
    except Exception:  # noqa: B902 - broken metadata do not make a picture unreadable
        return 1
    return value if value in range(1, 9) else 1


def _png(data: bytes) -> Header:
    """Walk the chunks: length, kind, content, checksum."""
    if data[12:16] != b'IHDR' or len(data) < 33:
        raise ValueError('has a broken PNG header')
    at, ends, exif = 8, False, b''
    while at + 12 <= len(data) and not ends:
        length, kind = int.from_bytes(data[at:at + 4], 'big'), data[at + 4:at + 8]
        ends = kind == b'IEND'
        if kind == b'eXIf':
            exif = data[at + 8:at + 8 + length]
        at += 12 + length
    return Header('PNG', int.from_bytes(data[16:20], 'big'), int.from_bytes(data[20:24], 'big'),
                  _orientation(exif), ends)


def _tiff(data: bytes) -> Header:
    """The first directory's tags; Pillow's own reader of images refuses many kinds of samples that OpenCV decodes."""
    tags = TiffImagePlugin.ImageFileDirectory_v2(data[:16 if 43 in data[2:4] else 8])
    file = io.BytesIO(data)
    file.seek(tags.next)
    tags.load(file)
    bits, samples, orientation = tags.get(_BITS, (1,)), tags.get(_SAMPLES, (1,)), tags.get(_ORIENTATION, 1)
    return Header('TIFF', int(tags[_WIDTH]), int(tags[_HEIGHT]), orientation if orientation in range(1, 9) else 1,
                  deep=max(bits) > 16 or 3 in samples)
