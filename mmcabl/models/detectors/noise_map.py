"""NOII: local noise from a wavelet's diagonal band (Mahdian and Saic, "Using noise inconsistencies for blind image
forensics", Image and Vision Computing 27(10), 2009)."""

from functools import lru_cache

import numpy as np
import pywt

#: Of Rec. 601, in thousandths, for R, G, B in 0..255 and Y in 16..235.
LUMA = (65481, 128553, 24966)
#: Median of the magnitude of a standard normal number; the median absolute deviation divided by it estimates sigma.
MEDIAN_OF_NORMAL = 0.6745
#: Coefficients up to this, in grey levels, are what rounding leaves of a constant plane.
ROUNDING = 1e-10


def luma(rgb: np.ndarray) -> np.ndarray:
    """Y of Rec. 601 as Matlab's ``rgb2ycbcr`` gives it for uint8: 16 to 235, halves rounded up, exact.

    Args:
        rgb: (H, W, 3) uint8.

    Returns:
        (H, W) uint8.
    """
    total = sum(rgb[..., i].astype(np.int32) * weight for i, weight in enumerate(LUMA))
    return ((total + 127500) // 255000 + 16).astype(np.uint8)


def diagonal_band(plane: np.ndarray) -> np.ndarray:
    """Diagonal detail coefficients of one level of the db8 transform, half-point symmetric at the borders.

    Args:
        plane: (H, W), grey levels.

    Returns:
        ((H + 15) // 2, (W + 15) // 2) float64. The transform is orthonormal: white noise keeps its deviation.
    """
    found = np.asarray(plane, np.float64)
    for axis in (0, 1):
        found = pywt.dwt(found, 'db8', 'symmetric', axis=axis)[1]
    return found


@lru_cache(maxsize=1)
def delay() -> float:
    """Lag of a coefficient behind the centre of its filter's energy, px: coefficient k is of px 2k + 1 - delay.

    The filter is causal: its last tap meets px 2k + 1, and its energy is centred on tap 2.58 of 0 to 15.
    """
    energy = np.square(pywt.Wavelet('db8').dec_hi)
    return float(energy @ np.arange(len(energy)) / energy.sum())


def noise_map(rgb: np.ndarray, block: int = 8) -> np.ndarray:
    """Standard deviation of the noise in blocks, by the median absolute deviation of the diagonal band.

    Args:
        rgb: (H, W, 3) uint8.
        block: side in coefficients, so twice as much in px.

    Returns:
        (h, w) float64, in grey levels of luma, 0 or more; incomplete blocks at the right and bottom are cut off, so
        an image of less than ``2 * block - 15`` px may have none.
    """
    band = np.abs(diagonal_band(luma(rgb)))
    band[band < ROUNDING] = 0
    h, w = band.shape[0] // block, band.shape[1] // block
    parts = band[:h * block, :w * block].reshape(h, block, w, block).swapaxes(1, 2).reshape(h, w, block * block)
    return np.median(parts, axis=2) / MEDIAN_OF_NORMAL if parts.size else np.zeros((h, w))


def inconsistency(noise: np.ndarray) -> np.ndarray:
    """How far a block's noise is from the image's usual noise, as a number in [0, 1].

    |s - m| / (s + m) of a block's deviation s and the median m of all blocks, which is tanh(|ln(s / m)| / 2): 0 where
    they are equal, 1/3 where one is twice the other, 1/2 where it is three times the other, 1 where one of them is
    free of noise. No unit and no parameter.

    Args:
        noise: (h, w), of :func:`noise_map`.

    Returns:
        (h, w) float64; 0 everywhere for an image that is free of noise.
    """
    if not noise.size:
        return np.zeros(noise.shape)
    usual = np.median(noise)
    total = noise + usual
    return np.divide(np.abs(noise - usual), total, out=np.zeros(noise.shape), where=total > 0)
