"""The entries of a long list, as bytes."""

from array import array
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np


class Packed:
    """Label, image and mask of each entry: little more than the text of the list, without an object for each.

    Behaves like the list of dicts that mmengine's data sets keep until they are serialised.

    Args:
        unpack: bytes of one entry (:func:`parts` takes them apart) -> the entry.
    """

    def __init__(self, unpack: Callable[[bytes], Dict]) -> None:
        self.unpack, self.data, self.ends = unpack, bytearray(), array('q')
        self.forged, self.lacking = 0, 0  # manipulated images, and those of them without a mask

    def extend(self, images: Sequence[str], labels: Sequence[int], masks: Sequence[Optional[str]]) -> None:
        """Add entries; no path has a zero byte in it."""
        texts = [f'{label}{image}\0{mask or ""}' for image, label, mask in zip(images, labels, masks)]
        together = ''.join(texts)
        if not together.isascii():
            texts = [text.encode('utf-8', 'surrogateescape') for text in texts]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self.ends.frombytes((np.cumsum(lengths) + len(self.data)).tobytes())
        self.data += together.encode('utf-8', 'surrogateescape')
        self.forged += sum(labels)
        self.lacking += sum(1 for label, mask in zip(labels, masks) if label and not mask)

    def arrays(self) -> Tuple[np.ndarray, np.ndarray]:
        """All bytes, and where each entry ends, as mmengine keeps serialised entries."""
        return np.frombuffer(self.data, np.uint8), np.frombuffer(self.ends, np.int64)

    def clear(self) -> None:
        """Forget all entries."""
        self.data, self.ends = bytearray(), array('q')

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: Union[int, slice]) -> Union[Dict, List[Dict]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        return self.unpack(bytes(self.data[self.ends[index - 1] if index else 0:self.ends[index]]))


def parts(packed: bytes) -> Tuple[str, int, Optional[str]]:
    """Image, label and mask of a packed entry."""
    image, mask = packed[1:].decode('utf-8', 'surrogateescape').split('\0')
    return image, packed[0] - ord('0'), mask or None
