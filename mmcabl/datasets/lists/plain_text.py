"""Long text lists, read whole columns at a time: the lines stay as they are and are taken apart when asked for.

For lists in which every line is plain: ASCII, no quotes, no blank lines, labels 0 and 1, paths without ``..``. Any
other list is left to the parsers of ``list_formats``, which also find the line that is at fault.
"""

from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np

from mmcabl.datasets.lists.fetched import Fetched
from mmcabl.datasets.lists.folder_listing import FolderListing
from mmcabl.datasets.lists.text_lists import NO_MASK, mask_of

#: Bytes of the list that are looked at together.
BYTES_AT_ONCE = 2 ** 21


@dataclass(frozen=True)
class Columns:
    """Where a format has what.

    Attributes:
        separator: of columns.
        image, mask, label: numbers of columns; a mask that there is stands for the label 1 where ``label`` is None.
        count: columns of each line; None: as many as named here, or more.
    """

    separator: str
    image: int = 0
    mask: Optional[int] = 1
    label: Optional[int] = None
    count: Optional[int] = None

    def row(self, line: bytes) -> Tuple[str, int, Optional[str]]:
        """Image, label and mask of a plain line."""
        columns = line.decode().rstrip('\n').split(self.separator)
        mask = None if self.mask is None else mask_of(columns[self.mask])
        return columns[self.image], int(mask is not None) if self.label is None else int(columns[self.label]), mask


def named_columns(kind: str, first: bytes) -> Optional[Columns]:
    """The columns of a list of a kind whose first line is given; None for those that are not lines of text."""
    if kind == 'csv':
        header = [name.strip() for name in first.decode('ascii', 'replace').lower().split(',')]
        if any(header.count(name) != 1 for name in ('image', 'label')) or header.count('mask') > 1:
            return None
        return Columns(',', header.index('image'), header.index('mask') if 'mask' in header else None,
                       header.index('label'), len(header))
    return dict(catnet=Columns(','), mvssnet=Columns(' ', label=2, count=3)).get(kind)


class PlainText:
    """The lines of a plain list, with the attributes of :class:`mmcabl.datasets.lists.packed.Packed`."""

    def __init__(self, columns: Columns, data: np.ndarray) -> None:
        self.columns, self.row, self.data, self.forged, self.lacking = columns, columns.row, data, 0, 0
        self.ends = np.zeros(0, np.int64)

    @classmethod
    def read(cls, file: str, kind: str, listing: Optional[FolderListing]) -> Optional['PlainText']:
        """The list, each of its files being there; None if something in it needs a closer look."""
        data = np.frombuffer(file.data, np.uint8) if isinstance(file, Fetched) else np.fromfile(file, np.uint8)
        head = data[:2 ** 16].tobytes()
        first = head[:head.find(b'\n') + 1]
        columns = named_columns(kind, first)
        if columns is None or not first:
            return None
        found, at, ends = cls(columns, data[len(first):] if kind == 'csv' else data), 0, []
        while at < len(found.data):
            chunk = found.data[at:at + BYTES_AT_ONCE]
            if at + len(chunk) < len(found.data):
                lines = np.flatnonzero(chunk == 10)
                if not len(lines):
                    return None
                chunk = chunk[:lines[-1] + 1]
            line_ends = found._look(chunk, listing)
            if line_ends is None:
                return None
            ends.append(line_ends + at)
            at += len(chunk)
        found.ends = np.concatenate(ends) if ends else found.ends
        return found

    def _look(self, data: np.ndarray, listing: Optional[FolderListing]) -> Optional[np.ndarray]:
        """Check some lines; where they end, or None if one is not plain."""
        raw = data.tobytes()
        breaks = np.flatnonzero(data == 10)
        odd = any(what in raw for what in (b'..', b'//', b'"'))
        if odd or not raw.isascii() or np.count_nonzero(data < 32) != len(breaks):
            return None
        ends = breaks if raw.endswith(b'\n') else np.append(breaks, len(data))
        starts = np.append(0, ends[:-1] + 1)
        separators = np.append(np.flatnonzero(data == ord(self.columns.separator)), len(data))
        first = np.searchsorted(separators, starts)
        counts = np.searchsorted(separators[:-1], ends) - first + 1
        wanted = [self.columns.image, self.columns.mask or 0, self.columns.label or 0]
        if (counts <= max(wanted)).any() or self.columns.count and (counts != self.columns.count).any():
            return None

        def column(number: int) -> Tuple[np.ndarray, np.ndarray]:
            left = starts if number == 0 else separators[first + number - 1] + 1
            last = np.minimum(first + number, len(separators) - 1)
            return left, np.where(counts > number + 1, separators[last], ends)

        image = column(self.columns.image)
        mask = column(self.columns.mask) if self.columns.mask is not None else None
        masked = np.zeros(len(starts), bool) if mask is None else ~_none(data, *mask)
        forged = masked if self.columns.label is None else _labels(data, *column(self.columns.label))
        if forged is None or (masked & ~forged).any():
            return None
        names = _paths(data, raw, *image)
        truths = [] if mask is None or names is None else _paths(data, raw, *(side[masked] for side in mask))
        if names is None or truths is None or listing is not None and not listing.all_there(names + truths):
            return None
        self.forged += int(forged.sum())
        self.lacking += int((forged & ~masked).sum())
        return ends + (ends < len(data))


def _none(data: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Which columns hold a word for no mask."""
    found = np.zeros(len(left), bool)
    for word in NO_MASK:
        here = np.flatnonzero(right - left == len(word))
        for i, letter in enumerate(word.encode()):
            here = here[data[left[here] + i] | 32 == letter]
        found[here] = True
    return found


def _labels(data: np.ndarray, left: np.ndarray, right: np.ndarray) -> Optional[np.ndarray]:
    """True for 1, False for 0; None if another label is among them."""
    if (right - left != 1).any():
        return None
    labels = data[left]
    return labels == ord('1') if np.isin(labels, (ord('0'), ord('1'))).all() else None


def _paths(data: np.ndarray, raw: bytes, left: np.ndarray, right: np.ndarray) -> Optional[List[str]]:
    """The texts of columns; None if one is empty, absolute, or has blanks at its ends."""
    if (right <= left).any() or np.isin(data[left], (32, 47)).any() or (data[right - 1] == 32).any():
        return None
    text = raw.decode()
    return [text[a:b] for a, b in zip(left.tolist(), right.tolist())]
