"""The visual prompts of one image, in the terms of Table VI."""

from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np

#: Table VI: Null, Point, Box, Box+Point.
PROMPT_KINDS = ('null', 'point', 'box', 'box_point')
#: prompt -> what its numbers are called in tables: ``box_x0``, ``positive_x``, ...
CORNERS = {'box': ('x0', 'y0', 'x1', 'y1'), 'positive': ('x', 'y'), 'negative': ('x', 'y')}


@dataclass(frozen=True)
class Prompts:
    """Prompts in pixels of the image, x to the right, y down.

    Attributes:
        box: (x0, y0, x1, y1), XYXY, the last column and row included: a single pixel (x, y) is
            (x, y, x, y). None when the coarse mask is empty.
        positive: (x, y) of the map's maximum, the first in reading order if there are several.
        negative: (x, y) of its minimum, likewise.
    """

    box: Optional[Tuple[int, int, int, int]]
    positive: Tuple[int, int]
    negative: Tuple[int, int]

    def select(self, kind: str) -> Tuple[Optional[tuple], np.ndarray, np.ndarray]:
        """What one row of Table VI uses: box or None, points (N, 2) as (x, y), labels (N,).

        ``point`` is the positive point alone; ``box_point`` the box and both points, label 1 positive,
        0 negative.
        """
        check_kind(kind)
        if kind == 'box':
            return self.box, np.zeros((0, 2), int), np.zeros(0, int)
        if kind == 'point':
            return None, np.array([self.positive]), np.array([1])
        return self.box, np.array([self.positive, self.negative]), np.array([1, 0])


def columns_of(prompts: Optional[Mapping[str, Any]]) -> Dict[str, Optional[int]]:
    """The prompts of a data sample or record as columns of a table; None for those that are not there."""
    found: Dict[str, Optional[int]] = {}
    for name, corners in CORNERS.items():
        values = (prompts or {}).get(name) or [None] * len(corners)
        found.update({f'{name}_{corner}': None if v is None else int(v) for corner, v in zip(corners, values)})
    return found


def check_kind(kind: str) -> str:
    """``kind`` itself; raises ValueError when it is none of Table VI's."""
    if kind not in PROMPT_KINDS:
        raise ValueError(f'Unknown prompt {kind!r}; accepted are {", ".join(PROMPT_KINDS)} (Table VI).')
    return kind
