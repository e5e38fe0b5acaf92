"""Processing that leaves traces: noise, JPEG compression, resampling, blur."""

from typing import Dict

import cv2
import numpy as np


def add_noise(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian sensor-like noise of standard deviation ``sigma`` (grey levels), independent per channel."""
    noise = rng.standard_normal(image.shape, dtype=np.float32) * sigma
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Compress and decompress at a quality from 1 to 100."""
    return cv2.imdecode(encode_jpeg(image, quality), cv2.IMREAD_COLOR)


def encode_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """The bytes of a JPEG file of a BGR image."""
    done, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    if not done:
        raise ValueError(f'OpenCV could not compress an image of shape {image.shape} as JPEG.')
    return data


def resample(image: np.ndarray, factor: float) -> np.ndarray:
    """Shrink by ``factor`` (below 1) and enlarge again: what is left after a resized paste."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(8, round(width * factor)), max(8, round(height * factor))),
                       interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of ``sigma`` px."""
    return cv2.GaussianBlur(image, (0, 0), sigma)


def draw_trace(rng: np.random.Generator, kinds, strength: float) -> Dict[str, float]:
    """Draw one of the trace ``kinds`` and its parameter; at strength 1 it is easy to see, at 0 absent."""
    kind = str(rng.choice(list(kinds)))
    value = {
        'noise': lambda: rng.uniform(10, 30) * strength,
        'jpeg': lambda: round(100 - rng.uniform(50, 85) * strength),
        'resample': lambda: 1 - rng.uniform(0.5, 0.75) * strength,
        'blur': lambda: rng.uniform(1.2, 3.0) * strength,
    }[kind]()
    return {'kind': kind, 'value': round(float(value), 4)}


def apply_trace(image: np.ndarray, trace: Dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """Apply a drawn trace to a whole BGR image."""
    kind, value = trace['kind'], trace['value']
    if kind == 'noise':
        return add_noise(image, value, rng)
    if kind == 'jpeg':
        return jpeg(image, int(value))
    if kind == 'resample':
        return resample(image, value)
    return blur(image, value) if value > 0 else image


TRACES = ('noise', 'jpeg', 'resample', 'blur')
