"""What happens to images on their way (Fig. 5): for the image alone, never for the truth.

Put one of these between ``LoadForensicImage`` and ``LoadForgeryMask``. ``ori_shape`` stays the published
image's, so maps and masks come back at the truth's size whatever was done to the pixels. All are
deterministic: noise is drawn from the image's path.
"""

import os
import zlib
from typing import Optional, Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmcabl.registry import TRANSFORMS

SAMPLING = {'4:2:0': cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, '4:4:4': cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444}


class Perturbation(BaseTransform):
    """Base class: :meth:`perturb` changes ``img`` (H, W, 3) uint8 BGR.

    Adds ``saved_as``: the JPEG file, bytes, that the pixels come from; None where they come from none any more. So
    :class:`mmcabl.LoadDCT` reads no coefficients of other pixels.
    """

    def perturb(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The changed image, uint8, of any size."""
        raise NotImplementedError

    def save(self, image: np.ndarray) -> Optional[bytes]:
        """The JPEG file that holds the changed image, of those that end with saving one."""
        return None

    def transform(self, results: dict) -> dict:
        if not results.get('unreadable'):
            rng = np.random.default_rng(zlib.crc32(os.fsencode(results.get('img_path', ''))))
            jpeg = self.save(results['img'])
            results['img'] = self.perturb(results['img'], rng) if jpeg is None else _opened(jpeg)
            results['saved_as'] = jpeg
            results['img_shape'] = results['img'].shape[:2]
        return results


def _jpeg(image: np.ndarray, quality: int, sampling: str) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLING[sampling]]
    return cv2.imencode('.jpg', image, options)[1].tobytes()


def _opened(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def _scaled(image: np.ndarray, factor: float) -> np.ndarray:
    height, width = (max(1, round(n * factor)) for n in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)


def _inside(value: float, low: float, high: float, what: str) -> None:
    if not low <= value <= high:
        raise ValueError(f'{what} is {value}; accepted is {low} to {high}.')


@TRANSFORMS.register_module()
class JPEGCompression(Perturbation):
    """Save as JPEG and load again.

    Args:
        quality: 1 to 100.
        sampling: of the colour channels, ``4:2:0`` (what cameras and OpenCV use) or ``4:4:4``.
    """

    def __init__(self, quality: int, sampling: str = '4:2:0') -> None:
        _inside(quality, 1, 100, 'JPEG quality')
        if sampling not in SAMPLING:
            raise ValueError(f'Unknown JPEG sampling {sampling!r}; accepted are {", ".join(SAMPLING)}.')
        self.quality, self.sampling = quality, sampling

    def save(self, image: np.ndarray) -> bytes:
        return _jpeg(image, self.quality, self.sampling)

    def perturb(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return _opened(self.save(image))


@TRANSFORMS.register_module()
class GaussianBlurring(Perturbation):
    """Gaussian blur with OpenCV's sigma for a kernel: 0.3 * ((kernel - 1) * 0.5 - 1) + 0.8.

    Args:
        kernel: side in px, odd; 1 changes nothing.
    """

    def __init__(self, kernel: int) -> None:
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f'The kernel of a Gaussian blur is {kernel}; accepted are odd sides from 1 px.')
        self.kernel = kernel

    def perturb(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return cv2.GaussianBlur(image, (self.kernel, self.kernel), 0)


@TRANSFORMS.register_module()
class Rescaling(Perturbation):
    """Resize by a factor, 0.05 to 8: by area when shrinking, bicubic when enlarging."""

    def __init__(self, factor: float) -> None:
        _inside(factor, 0.05, 8, 'The factor of a rescaling')
        self.factor = factor

    def perturb(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return _scaled(image, self.factor)


@TRANSFORMS.register_module()
class GaussianNoise(Perturbation):
    """Add white Gaussian noise of a standard deviation ``sigma`` in grey levels, 0 to 128."""

    def __init__(self, sigma: float) -> None:
        _inside(sigma, 0, 128, 'The sigma of Gaussian noise')
        self.sigma = sigma

    def perturb(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        noise = rng.standard_normal(image.shape, np.float32) * self.sigma
        return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


@TRANSFORMS.register_module()
class SocialNetwork(Perturbation):
    """What a social network does to an upload: shrink to its largest side, sharpen a little, recompress.

    No network documents its processing; this is a model of it, not a measurement of one.

    Args:
        max_side: longer sides are shrunk to this many px.
        sharpen: weight of an unsharp mask (sigma 1 px) after shrinking, 0 to 2.
        qualities: of the JPEG compressions one after another (an upload, then a share).
    """

    def __init__(self, max_side: int = 1024, sharpen: float = 0.3, qualities: Tuple[int, ...] = (80, 75)) -> None:
        _inside(max_side, 16, 100000, 'max_side of SocialNetwork')
        _inside(sharpen, 0, 2, 'sharpen of SocialNetwork')
        for quality in qualities:
            _inside(quality, 1, 100, 'JPEG quality')
        self.max_side, self.sharpen, self.qualities = max_side, sharpen, tuple(qualities)

    def save(self, image: np.ndarray) -> Optional[bytes]:
        jpeg = None
        for quality in self.qualities:
            jpeg = _jpeg(self._resized(image) if jpeg is None else _opened(jpeg), quality, '4:2:0')
        return jpeg

    def perturb(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        jpeg = self.save(image)
        return self._resized(image) if jpeg is None else _opened(jpeg)

    def _resized(self, image: np.ndarray) -> np.ndarray:
        if max(image.shape[:2]) <= self.max_side:
            return image
        image = _scaled(image, self.max_side / max(image.shape[:2]))
        return cv2.addWeighted(image, 1 + self.sharpen, cv2.GaussianBlur(image, (0, 0), 1), -self.sharpen, 0)
