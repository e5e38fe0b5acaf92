"""CFA1: probability that a block lacks the trace of demosaicing (Ferrara, Bianchi, De Rosa and Piva, "Image forgery
localization via fine-grained analysis of CFA artifacts", IEEE TIFS 7(5), 2012)."""

from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np

from mmcabl.models.detectors.cfa_pattern import sites

#: Radius K of the window that local variances are taken in; its deviation is K / 2.
RADIUS = 3
#: Errors are quarters of a grey level, so a variance below this is none (the least other one is 1.7e-4).
NO_VARIANCE = 1e-5
#: Of the expectation maximisation: change of the weight that ends it, most steps, start of the weight.
TOLERANCE, STEPS, START = 1e-3, 500, 0.5


class Mixture(NamedTuple):
    """What the log-ratios of an image are drawn from.

    ``weight`` of them from N(0, ``zero_deviation``), without trace; the others from N(``mean``, ``deviation``).
    """

    mean: float
    deviation: float
    zero_deviation: float
    weight: float


def prediction_error(green: np.ndarray) -> np.ndarray:
    """Mean of a pixel's four neighbours less the pixel, (H, W) float64; the border is repeated outside."""
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]) / 4
    return cv2.filter2D(green.astype(np.float64), cv2.CV_64F, kernel, borderType=cv2.BORDER_REPLICATE)


def local_variance(error: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Variance of the error around each pixel, over pixels of its own kind alone (green acquired, or interpolated).

    Weights are a Gaussian's over 7 x 7 px. Beyond the border the errors of each kind are repeated. The correction of
    the bias squares weights that are 1 / (2 pi) at the centre, as the reference numbers have it; it cancels in the
    ratio.

    Args:
        error: (H, W), H and W even.
        cell: (2, 2), 1 where green was acquired.

    Returns:
        (H, W) float64, squared grey levels, 0 or more.
    """
    distance = np.arange(-RADIUS, RADIUS + 1) ** 2
    alike = (distance[:, None] + distance) % 2 == 0  # squares are as even as what is squared
    window = np.exp(-(distance[:, None] + distance) / (RADIUS ** 2 / 2)) * alike
    scale = 1 - np.square(window / (2 * np.pi)).sum()
    found = np.zeros(error.shape)
    acquired = sites(cell, error.shape).astype(bool)
    for kind in (acquired, ~acquired):
        kept = np.where(kind, error, 0)
        mean, square = (cv2.filter2D(plane, cv2.CV_64F, window / window.sum(), borderType=cv2.BORDER_REPLICATE)
                        for plane in (kept, kept * kept))
        found += np.where(kind, (square - mean * mean) / scale, 0)
    return np.where(found > NO_VARIANCE, found, 0)


def log_ratio(variance: np.ndarray, cell: np.ndarray, block: int) -> np.ndarray:
    """Logarithm of the product of variances where green was acquired over that where it was interpolated.

    Far from 0 where an image was demosaiced, near 0 where it was not. A block with a variance of 0, and one that
    reaches beyond the image, tells nothing: 0.

    Args:
        variance: (H, W).
        cell: (2, 2), 1 where green was acquired.
        block: side in px, even.

    Returns:
        (h, w) float64, the blocks at the right and bottom included. The paper takes geometric means in place of
        products: a factor that the mixture takes out again.
    """
    height, width = variance.shape
    h, w = -(-height // block), -(-width // block)
    padded = np.zeros((h * block, w * block))
    padded[:height, :width] = variance
    known = padded > 0
    signed = np.log(padded, out=np.zeros(padded.shape), where=known) * (2. * sites(cell, padded.shape) - 1)
    parts = (h, block, w, block)
    return np.where(known.reshape(parts).all((1, 3)), signed.reshape(parts).sum((1, 3)), 0)


def fit(values: np.ndarray) -> Optional[Mixture]:
    """Expectation maximisation of :class:`Mixture`; None where there are no two different values."""
    x = np.asarray(values, np.float64).ravel()
    total = x.var(ddof=1) if x.size > 1 else 0.
    if not total > 0:
        return None
    least = 1e-12 * total  # many blocks of exactly 0, as in flat drawings, would leave no variance
    mean, v, v0, weight = x.mean(), total, total / 10, START
    for _ in range(STEPS):
        odds = np.log(v0 / v) / 2 + x * x / (2 * v0) - (x - mean) ** 2 / (2 * v)
        odds += np.log1p(-weight) - np.log(weight)
        without = _sigmoid(-odds)
        trace = 1 - without
        before, weight = weight, float(np.clip(without.mean(), 1e-300, 1 - 1e-16))
        mean = (trace @ x) / max(trace.sum(), 1e-300)
        v0 = max((without @ (x * x)) / max(without.sum(), 1e-300), least)
        v = max((trace @ (x - mean) ** 2) / max(trace.sum(), 1e-300), least)
        if abs(weight - before) < TOLERANCE:
            break
    return Mixture(float(mean), float(np.sqrt(v)), float(np.sqrt(v0)), weight)


def log_likelihood_ratio(values: np.ndarray, mixture: Mixture) -> np.ndarray:
    """Logarithm of how much likelier each value is with the trace than without, same shape."""
    with_trace = ((values - mixture.mean) / mixture.deviation) ** 2
    return np.log(mixture.zero_deviation / mixture.deviation) + ((values / mixture.zero_deviation) ** 2
                                                                 - with_trace) / 2


def tampering_map(ratios: np.ndarray, group: int = 1) -> np.ndarray:
    """Probability of no trace from log-likelihood ratios (h, w): summed in groups, median of 5 x 5, logistic.

    Args:
        ratios: of blocks.
        group: side of a group in blocks; smaller at the right and bottom.

    Returns:
        (ceil(h / group), ceil(w / group)) float64 in [0, 1].
    """
    for axis in (0, 1):
        ratios = np.add.reduceat(ratios, np.arange(0, ratios.shape[axis], group), axis=axis)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(ratios, 2, mode='symmetric'), (5, 5))
    return _sigmoid(-np.median(windows, axis=(-2, -1)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -x))


def whole_cells(rgb: np.ndarray) -> Tuple[np.ndarray, bool]:
    """The image without an odd last row or column, and whether anything is left."""
    height, width = (n // 2 * 2 for n in rgb.shape[:2])
    return rgb[:height, :width], bool(height and width)
