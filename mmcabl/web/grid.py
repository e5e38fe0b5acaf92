"""From what a person sees to the stored grid and back: EXIF turns the picture, never the evidence."""

from typing import Sequence, Tuple

Size = Tuple[int, int]
Point = Tuple[int, int]

#: EXIF orientation -> a stored pixel (x, y) of a picture of ``w`` x ``h`` as it is seen.
_SEEN = {
    1: lambda x, y, w, h: (x, y), 2: lambda x, y, w, h: (w - 1 - x, y),
    3: lambda x, y, w, h: (w - 1 - x, h - 1 - y), 4: lambda x, y, w, h: (x, h - 1 - y),
    5: lambda x, y, w, h: (y, x), 6: lambda x, y, w, h: (h - 1 - y, x),
    7: lambda x, y, w, h: (h - 1 - y, w - 1 - x), 8: lambda x, y, w, h: (y, w - 1 - x)}
_INVERSE = {6: 8, 8: 6}


def seen_size(size: Size, orientation: int) -> Size:
    """(width, height) as people see a stored picture of (width, height)."""
    return size[::-1] if orientation in (5, 6, 7, 8) else size


def seen_point(point: Sequence[int], size: Size, orientation: int) -> Point:
    """Where a stored pixel (x, y) is seen; ``size`` is the stored (width, height)."""
    return _SEEN.get(orientation, _SEEN[1])(*point, *size)


def stored_point(point: Sequence[int], size: Size, orientation: int) -> Point:
    """The inverse of :func:`seen_point`; ``size`` is the stored one all the same."""
    turned = _INVERSE.get(orientation, orientation)
    return _SEEN.get(turned, _SEEN[1])(*point, *seen_size(size, orientation))


def seen_box(box: Sequence[int], size: Size, orientation: int) -> Tuple[int, int, int, int]:
    """A box XYXY, last column and row included, as it is seen."""
    return _ordered(seen_point(box[:2], size, orientation), seen_point(box[2:], size, orientation))


def stored_box(box: Sequence[int], size: Size, orientation: int) -> Tuple[int, int, int, int]:
    """The inverse of :func:`seen_box`."""
    return _ordered(stored_point(box[:2], size, orientation), stored_point(box[2:], size, orientation))


def _ordered(one: Point, other: Point) -> Tuple[int, int, int, int]:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))
