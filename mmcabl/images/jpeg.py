"""Whether a JPEG file has all of its picture, whatever is written behind it.

libjpeg fills what is missing with grey or leaves it coarse, and only prints a warning; an end marker says nothing
where somebody put it behind half a file. Bytes behind the end marker (motion photos) are no fault.
"""

import io
import re
from dataclasses import dataclass, field
from typing import Dict, List

import numpy as np
from PIL import Image, ImageChops, JpegImagePlugin

#: The next marker in entropy-coded data: not a stuffed FF 00, not a restart marker, not a fill byte.
_MARKER = re.compile(rb'\xff[^\x00\xff\xd0-\xd7]')
_END, _SCAN, _APP1 = 0xd9, 0xda, 0xe1
_FRAMES = set(range(0xc0, 0xd0)) - {0xc4, 0xc8, 0xcc}
_PROGRESSIVE = {0xc2, 0xc6, 0xca, 0xce}
_TOLD = _FRAMES | {_APP1, _SCAN}
#: More than any encoder writes. Each scan costs a pass over the whole picture.
MOST_SCANS, MOST_SEGMENTS = 200, 10_000
#: Entropy-coded data, for any picture that still wants some. Starts with 00, in case the data end in FF.
_MORE = b'\x00' + bytes(np.random.default_rng(0).integers(0, 255, 4096, np.uint8))
_GREY = 128


@dataclass
class Jpeg:
    """The structure of a JPEG file.

    Attributes:
        width, height: px, 0 without a frame header.
        exif: content of the EXIF segment.
        end: where the end marker stands; -1: it is missing.
        scans: their number.
        left: component -> for each of its 64 coefficients the bits that no scan has brought; 255: not even the first.
    """

    width: int = 0
    height: int = 0
    exif: bytes = b''
    end: int = -1
    scans: int = 0
    progressive: bool = False
    left: Dict[int, List[int]] = field(default_factory=dict)

    @classmethod
    def walk(cls, data: bytes) -> 'Jpeg':
        """Go from marker to marker as far as the end of the first picture, over embedded thumbnails."""
        found, at = cls(), 2
        for _ in range(MOST_SEGMENTS):
            marker = _MARKER.search(data, at)
            if marker is None:
                return found
            code, at = data[marker.end() - 1], marker.end()
            if code == _END:
                found.end = marker.start()
                return found
            if code in (0x01, 0xd8):  # they have no content
                continue
            length = int.from_bytes(data[at:at + 2], 'big')
            if code in _TOLD:
                found._take(code, data[at + 2:at + max(2, length)])
            at += max(2, length)
            if found.scans > MOST_SCANS:
                break
        raise ValueError(f'has more than {MOST_SCANS} scans or {MOST_SEGMENTS} segments')

    def _take(self, code: int, content: bytes) -> None:
        if code in _FRAMES and len(content) >= 6:
            self.height, self.width = (int.from_bytes(content[i:i + 2], 'big') for i in (1, 3))
            self.progressive = code in _PROGRESSIVE
            self.left = {name: [255] * 64 for name in content[6:6 + 3 * content[5]:3]}
        elif code == _APP1 and content[:6] == b'Exif\0\0' and not self.exif:
            self.exif = content
        elif code == _SCAN and content:
            self.scans += 1
            first, last, bits = content[-3:] if self.progressive and len(content) >= 4 else (0, 63, 0)
            last = min(last, 63)
            for name in content[1:1 + 2 * content[0]:2]:
                if name in self.left:
                    self.left[name][first:last + 1] = [bits & 15] * (last + 1 - first)

    @property
    def whole(self) -> bool:
        """The end marker is there, and before it a scan for every bit of every component."""
        return self.end >= 0 and self.scans > 0 and not any(any(bits) for bits in self.left.values())


def is_cut(data: bytes, jpeg: Jpeg, array: np.ndarray) -> bool:
    """Whether the last scan of a decoded file lacks its end, although an end marker follows.

    A picture that has all its data does not change when more data stand before the end marker. That takes a second
    decoding, so a file with a single scan is tried only where the last pixel has the grey that libjpeg fills with: a
    cut within its very last block is not seen.

    Args:
        data: the file.
        jpeg: its structure, whole.
        array: (H, W) or (H, W, 3) uint8, BGR, as OpenCV decoded it, on the stored grid.
    """
    if jpeg.scans == 1 and len(jpeg.left) < 4 and array[-1, -1].tolist() not in (_GREY, [_GREY] * 3):
        return False
    try:
        more = _with_end(data[:jpeg.end] + _MORE)
        if np.array_equal(np.asarray(more)[..., ::-1] if more.mode == 'RGB' else np.asarray(more), array):
            return False  # the same as OpenCV decoded without them
        return ImageChops.difference(more, _with_end(data[:jpeg.end])).getbbox() is not None
    except Exception:  # noqa: B902 - kinds of JPEG that OpenCV reads and Pillow does not
        return False


def _with_end(data: bytes) -> Image.Image:
    picture = JpegImagePlugin.JpegImageFile(io.BytesIO(data + b'\xff\xd9'))  # Pillow's libjpeg prints no warnings
    picture.load()
    return picture
