"""Processing that leaves traces: noise, JPEG compression, resampling, blur."""

from typing import Dict

import cv2
import numpy as np

#: trace -> least and most of its parameter: grey levels, quality below 100, part that is shrunk away, px
PARAMETERS = {'noise': (10, 30), 'jpeg': (50, 85), 'resample': (0.5, 0.75), 'blur': (1.2, 3.0)}
TRACES = tuple(PARAMETERS)


def add_noise(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian sensor-like noise of standard deviation ``sigma`` (grey levels), independent per channel."""
    noise = rng.standard_normal(image.shape, dtype=np.float32) * sigma
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Compressed and decompressed at a quality from 1 to 100."""
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


def draw_trace(rng: np.random.Generator, kinds, strength: float) -> Dict[str, float]:
    """Draw one of the trace ``kinds`` and its parameter; at strength 1 it is easy to see, at 0 absent."""
    kind = str(rng.choice(list(kinds)))
    low, high = PARAMETERS[kind]
    value = rng.uniform(low, high) * strength
    value = round(100 - value) if kind == 'jpeg' else 1 - value if kind == 'resample' else value
    return {'kind': kind, 'value': round(float(value), 4)}


def apply_trace(image: np.ndarray, trace: Dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """Apply a drawn trace to a whole BGR image."""
    kind, value = trace['kind'], trace['value']
    if kind == 'noise':
        return add_noise(image, value, rng)
    if kind == 'jpeg':
        return through_jpeg(image, int(value))
    if kind == 'resample':
        return resample(image, value)
    return cv2.GaussianBlur(image, (0, 0), value) if value > 0 else image
