"""From one value a block to a map on the image's grid."""

from typing import Tuple

import numpy as np


def block_map(values: np.ndarray, size: Tuple[int, int], block: int, delay: float = 0.) -> np.ndarray:
    """Every pixel with the value of the block that it lies in.

    Args:
        values: (h, w), of blocks from the top left.
        size: (height, width) of the image; pixels beyond the last block get its value.
        block: side in px.
        delay: block b begins at px ``b * block - delay``.

    Returns:
        (height, width), zeros where there is no block at all.
    """
    if not values.size:
        return np.zeros(size, values.dtype)
    rows, columns = (np.clip(((np.arange(n) + delay) // block).astype(int), 0, count - 1)
                     for n, count in zip(size, values.shape))
    return values[np.ix_(rows, columns)]
