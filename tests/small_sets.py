"""The protocol's data sets, tiny, in their native layouts."""

from pathlib import Path
from typing import Tuple

import cv2
import numpy as np

from mmcabl.lab.synthetic.layouts import LAYOUTS
from mmcabl.utils.data_configs import SETS


def write_sets(folder: Path, shape: Tuple[int, int], forged: int) -> None:
    """Two authentic and two manipulated images (height, width) of each set, the left ``forged`` columns masked."""
    rng = np.random.default_rng(0)
    for name in SETS:
        for i in range(4):
            jpeg = cv2.imencode('.jpg', rng.integers(0, 255, (*shape, 3), np.uint8))[1]
            mask = np.arange(shape[0] * shape[1]).reshape(shape) % shape[1] < forged
            LAYOUTS[name].write(folder / name, i, 'splicing' if i % 2 else None, jpeg, mask if i % 2 else None)
