from array import array
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np


class Packed:
    """Label, image and mask of each entry: little more than the text of the list, without an object for each.

    Attributes:
        forged, lacking: manipulated images, and those of them without a mask.
    """

    def __init__(self) -> None:
        self._data, self._ends = bytearray(), array('q')
        self.forged, self.lacking = 0, 0

    def extend(self, images: Sequence[str], labels: Sequence[int], masks: Sequence[Optional[str]]) -> None:
        """Add entries; no path has a zero byte in it."""
        texts = [f'{label}{image}\0{mask or ""}' for image, label, mask in zip(images, labels, masks)]
        together = ''.join(texts)
        if not together.isascii():
            texts = [text.encode('utf-8', 'surrogateescape') for text in texts]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self._ends.frombytes((np.cumsum(lengths) + len(self._data)).tobytes())
        self._data += together.encode('utf-8', 'surrogateescape')
        self.forged += sum(labels)
        self.lacking += sum(1 for label, mask in zip(labels, masks) if label and not mask)

    @property
    def data(self) -> np.ndarray:
        """The bytes of all entries, (N,) uint8."""
        return np.frombuffer(self._data, np.uint8)

    @property
    def ends(self) -> np.ndarray:
        """Where each entry ends, (entries,) int64."""
        return np.frombuffer(self._ends, np.int64)

    @staticmethod
    def row(entry: bytes) -> Tuple[str, int, Optional[str]]:
        """Image, label and mask of an entry."""
        image, mask = entry[1:].decode('utf-8', 'surrogateescape').split('\0')
        return image, entry[0] - ord('0'), mask or None


class Unpacked:
    """Entries as bytes that behave like the list of dicts which mmengine's data sets keep before serialising."""

    def __init__(self, packed, unpack: Callable[[bytes], Dict]) -> None:
        self.packed, self.unpack = packed, unpack

    def __len__(self) -> int:
        return len(self.packed.ends)

    def __getitem__(self, index: Union[int, slice]) -> Union[Dict, List[Dict]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return self.unpack(one(self.packed.data, self.packed.ends, range(len(self))[index]))


def one(data: np.ndarray, ends: np.ndarray, index: int) -> bytes:
    """The bytes of the entry ``index``, which is not negative."""
    return data[int(ends[index - 1]) if index else 0:int(ends[index])].tobytes()
