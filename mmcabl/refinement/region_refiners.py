"""Refiners by scikit-image's segmentations: super-pixels, Chan-Vese."""

from types import ModuleType
from typing import Any

import numpy as np

from mmcabl.refinement.map_refiner import MapRefiner
from mmcabl.registry import MODELS


def _segmentation() -> ModuleType:
    try:
        from skimage import segmentation
    except ImportError as error:
        raise ImportError("Refiners by regions need scikit-image: pip install 'mmcabl[quickstart]'.") from error
    return segmentation


@MODELS.register_module()
class SuperPixelRefiner(MapRefiner):
    """Each super-pixel (Felzenszwalb and Huttenlocher, IJCV 2004) gets the mean of the map within it.

    Args:
        segments: about how many there shall be at most; where the image is flat there are fewer.
        **kwargs: as of :class:`MapRefiner`.
    """

    def __init__(self, segments: int = 600, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if segments < 1:
            raise ValueError(f'SuperPixelRefiner was given segments={segments}; it accepts segments >= 1.')
        self.segments = segments

    def follow(self, image: np.ndarray, cam: np.ndarray) -> np.ndarray:
        size = max(1, cam.size // self.segments)
        numbers = _segmentation().felzenszwalb(image, scale=size / 2, sigma=.8, min_size=size, channel_axis=-1)
        numbers = numbers.ravel()
        sums = np.bincount(numbers, cam.ravel())
        return (sums / np.maximum(1, np.bincount(numbers)))[numbers].reshape(cam.shape).astype(np.float32)


@MODELS.register_module()
class ChanVeseRefiner(MapRefiner):
    """The coarse mask evolved by morphological Chan-Vese (Marquez-Neila et al., PAMI 2014) on the grey image.

    Args:
        iterations: of the evolution.
        smoothing: morphological smoothings an iteration.
        **kwargs: as of :class:`MapRefiner`.
    """

    def __init__(self, iterations: int = 10, smoothing: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if iterations < 1 or smoothing < 0:
            raise ValueError(f'ChanVeseRefiner was given iterations={iterations}, smoothing={smoothing}; it accepts '
                             'iterations >= 1 and smoothing >= 0.')
        self.iterations, self.smoothing = iterations, smoothing

    def follow(self, image: np.ndarray, cam: np.ndarray) -> np.ndarray:
        grey = image.astype(np.float64).mean(-1) / 255
        start = (cam >= 0.5).astype(np.int8)
        if not start.any() or start.all():
            return cam
        found = _segmentation().morphological_chan_vese(grey, num_iter=self.iterations, init_level_set=start,
                                                        smoothing=self.smoothing)
        return found.astype(np.float32)
