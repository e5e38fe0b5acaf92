"""What a person drew, as prompts for the refiner: CGSR with a human in it."""

from typing import Any, Mapping, Optional, Tuple

import numpy as np

from mmcabl.structures.prompts import Prompts
from mmcabl.web.grid import Size, seen_size, stored_box, stored_point
from mmcabl.web.limits import Refused

ACCEPTED = ('a drawing has a "box" of four numbers (left, top, right, bottom) or a "positive" point of two, and may '
            'have a "negative" point; all are parts of the picture from 0 to 1')
LENGTHS = {'box': 4, 'positive': 2, 'negative': 2}


def read_drawing(drawing: Any, size: Size, orientation: int) -> Mapping[str, Optional[tuple]]:
    """A drawing on the picture as it is seen, as pixels of the stored grid.

    Args:
        drawing: what the browser says: ``box`` (left, top, right, bottom), ``positive`` and ``negative`` (x, y), in
            parts of the seen width and height, from 0 to 1; at least the box or the positive point.
        size: (width, height) of the stored picture.
        orientation: EXIF's.

    Returns:
        The same names with px or None: ``box`` XYXY, its last column and row included.

    Raises:
        Refused: anything else.
    """
    if not isinstance(drawing, Mapping):
        raise Refused(f'That is no drawing: {ACCEPTED}.')
    width, height = seen_size(size, orientation)
    found = {}
    for name, length in LENGTHS.items():
        parts = drawing.get(name)
        if parts is None:
            found[name] = None
            continue
        if not (isinstance(parts, (list, tuple)) and len(parts) == length
                and all(isinstance(p, (int, float)) and not isinstance(p, bool) and 0 <= p <= 1 for p in parts)):
            raise Refused(f'The {name} of the drawing is not understood: {ACCEPTED}.')
        pixels = [min(int(p * side), side - 1) for p, side in zip(parts, (width, height) * 2)]
        found[name] = stored_box(pixels, size, orientation) if name == 'box' else stored_point(
            pixels, size, orientation)
    if found['box'] is None and found['positive'] is None:
        raise Refused('Draw a box, or mark a point that is manipulated.')
    return found


def prompts_of(drawn: Mapping[str, Optional[tuple]], raw_map: np.ndarray) -> Tuple[Prompts, str]:
    """Prompts and their kind (Table VI) for what :func:`read_drawing` read.

    A box alone is ``box``, a positive point alone ``point``. With both, or with a negative point, it is
    ``box_point``; a point that was not drawn is then CGSR's: the extremum of the map, for the positive one within
    the box.

    Args:
        raw_map: (H, W), higher is more manipulated.
    """
    box, positive, negative = drawn['box'], drawn['positive'], drawn['negative']
    kind = 'box_point' if negative or (box and positive) else 'box' if box else 'point'
    x0, y0, x1, y1 = box or (0, 0, raw_map.shape[1] - 1, raw_map.shape[0] - 1)
    inside = raw_map[y0:y1 + 1, x0:x1 + 1]
    if positive is None:
        at = int(inside.argmax())
        positive = x0 + at % inside.shape[1], y0 + at // inside.shape[1]
    if negative is None:
        at = int(raw_map.argmin())
        negative = at % raw_map.shape[1], at // raw_map.shape[1]
    return Prompts(box, positive, negative), kind
