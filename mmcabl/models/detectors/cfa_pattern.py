"""Which of the four Bayer patterns an image was taken with (Dirik and Memon, "Image tamper detection based on
demosaicing artifacts", ICIP 2009)."""

from typing import Tuple

import cv2
import numpy as np

#: Where red is in the 2 x 2 cell; blue is diagonally opposite, green on the two others.
RED = ((0, 0), (1, 1), (0, 1), (1, 0))
#: Bilinear interpolation of a channel from its sites: of green, and of red or blue.
GREEN_KERNEL = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
RED_KERNEL = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
#: Side of the blocks, px, and the deviation in grey levels up to which a channel of a block counts as smooth.
BLOCK, SMOOTH = 16, 5


def sites(cell: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """A 2 x 2 cell repeated over (H, W), from the top left."""
    return np.tile(cell, ((shape[0] + 1) // 2, (shape[1] + 1) // 2))[:shape[0], :shape[1]]


def _cell(*places: Tuple[int, int]) -> np.ndarray:
    cell = np.zeros((2, 2))
    for place in places:
        cell[place] = 1
    return cell


def _block_sums(plane: np.ndarray) -> np.ndarray:
    rows, columns = (np.arange(0, n, BLOCK) for n in plane.shape)
    return np.add.reduceat(np.add.reduceat(plane, rows, axis=0), columns, axis=1)


def _error(channel: np.ndarray, cell: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Squared error, summed over blocks, of a channel interpolated anew from a cell's sites; zero beyond borders."""
    again = cv2.filter2D(channel * sites(cell, channel.shape), cv2.CV_64F, kernel, borderType=cv2.BORDER_CONSTANT)
    return _block_sums(np.square(np.floor(again + 0.5) - channel))


def interpolation_errors(rgb: np.ndarray) -> np.ndarray:
    """How badly each pattern explains each block: mean squared error when its missing samples are interpolated.

    Args:
        rgb: (H, W, 3) uint8, H and W even and not 0.

    Returns:
        (4, h, w, 3) float64, squared grey levels: pattern; block of 16 px, smaller at the right and bottom; R, G, B.
    """
    red, green, blue = (rgb[..., i].astype(np.float64) for i in range(3))
    of_red, of_blue = ({place: _error(plane, _cell(place), RED_KERNEL) for place in RED} for plane in (red, blue))
    of_green = [_error(green, cell, GREEN_KERNEL) for cell in (_cell((0, 1), (1, 0)), _cell((0, 0), (1, 1)))]
    found = [np.stack([of_red[y, x], of_green[y != x], of_blue[1 - y, 1 - x]], axis=-1) for y, x in RED]
    return np.stack(found) / _block_sums(np.ones(red.shape))[..., None]


def _rough(rgb: np.ndarray) -> np.ndarray:
    """(h, w, 3) bool: whether a channel of a block deviates by more than ``SMOOTH`` grey levels."""
    count = _block_sums(np.ones(rgb.shape[:2]))
    planes = [rgb[..., i].astype(np.float64) for i in range(3)]
    variance = [(_block_sums(p * p) - _block_sums(p) ** 2 / count) / (count - 1) for p in planes]
    return np.stack(variance, axis=-1) > SMOOTH ** 2


def bayer_green(rgb: np.ndarray) -> Tuple[np.ndarray, float]:
    """Where green was acquired, and how clear that is.

    The pattern is the one whose error is least over the channels of blocks that are not smooth (over all, where all
    are smooth). Presence is the median over blocks of sum_k |g_k - 1/4|, g_k being green's share of the error under
    pattern k: patterns explain an image without traces of demosaicing equally badly.

    Args:
        rgb: (H, W, 3) uint8, H and W even and not 0.

    Returns:
        (2, 2) uint8, 1 where green was acquired; presence, 0 or more.
    """
    errors = interpolation_errors(rgb)
    rough = _rough(rgb)
    chosen = RED[int(np.argmin([e[rough].mean() if rough.any() else e.mean() for e in errors]))]
    total = errors.sum(axis=-1)
    share = np.divide(errors[..., 1], total, out=np.zeros(total.shape), where=total > 0)
    green = 1 - _cell(chosen, (1 - chosen[0], 1 - chosen[1]))
    return green.astype(np.uint8), float(np.median(np.abs(share - 0.25).sum(axis=0)))
