"""Refiners by scikit-image's segmentations: super-pixels, random walker, Chan-Vese."""

from types import ModuleType

import numpy as np

from mmcabl.refinement.map_refiner import MapRefiner
from mmcabl.registry import MODELS

METHODS = ('slic', 'felzenszwalb')


def _segmentation() -> ModuleType:
    try:
        from skimage import segmentation
    except ImportError as error:
        raise ImportError("Refiners by regions need scikit-image: pip install 'mmcabl[quickstart]'.") from error
    return segmentation


@MODELS.register_module()
class SuperPixelRefiner(MapRefiner):
    """Each super-pixel gets the mean of the map within it.

    Args:
        method: ``slic`` (Achanta et al., PAMI 2012) or ``felzenszwalb`` (IJCV 2004).
        segments: how many super-pixels SLIC aims at; Felzenszwalb's scale is set to give about as many.
        compactness: of SLIC: large is square, small follows colour.
        **kwargs: as of :class:`MapRefiner`.
    """

    def __init__(self, method: str = 'slic', segments: int = 150, compactness: float = 10., **kwargs) -> None:
        super().__init__(**kwargs)
        if method not in METHODS or segments < 1 or not compactness > 0:
            raise ValueError(f'SuperPixelRefiner was given method={method!r}, segments={segments}, compactness='
                             f'{compactness}; it accepts {" or ".join(METHODS)}, segments >= 1 and compactness > 0.')
        self.method, self.segments, self.compactness = method, segments, compactness

    def follow(self, image: np.ndarray, cam: np.ndarray) -> np.ndarray:
        if self.method == 'slic':
            numbers = _segmentation().slic(image, n_segments=self.segments, compactness=self.compactness,
                                           start_label=0, channel_axis=-1)
        else:
            size = max(1, cam.size // (4 * self.segments))
            numbers = _segmentation().felzenszwalb(image, scale=size / 2, sigma=.8, min_size=size, channel_axis=-1)
        numbers = numbers.ravel()
        sums = np.bincount(numbers, cam.ravel())
        return (sums / np.maximum(1, np.bincount(numbers)))[numbers].reshape(cam.shape).astype(np.float32)


@MODELS.register_module()
class RandomWalkerRefiner(MapRefiner):
    """Probability that a random walk, which avoids edges, first meets the map's surely forged pixels (Grady, 2006).

    Args:
        sure: parts of the map's pixels, in (0, 0.5): the highest and the lowest that count as certain.
        beta: how hard an edge is to cross.
        **kwargs: as of :class:`MapRefiner`.
    """

    def __init__(self, sure: float = 0.05, beta: float = 130., max_side: int = 128, **kwargs) -> None:
        super().__init__(max_side=max_side, **kwargs)
        if not 0 < sure < 0.5 or not beta > 0:
            raise ValueError(f'RandomWalkerRefiner was given sure={sure}, beta={beta}; it accepts 0 < sure < 0.5 '
                             'and beta > 0.')
        self.sure, self.beta = sure, beta

    def follow(self, image: np.ndarray, cam: np.ndarray) -> np.ndarray:
        low, high = np.quantile(cam, [max(self.sure, 0.3), 1 - self.sure])
        labels = np.where(cam >= max(high, .5), 1, np.where(cam <= min(low, .5), 2, 0))
        if not ((labels == 0).any() and (labels == 1).any() and (labels == 2).any()):
            return cam
        found = _segmentation().random_walker(image.astype(np.float64) / 255, labels, beta=self.beta, mode='cg_j',
                                              channel_axis=-1, return_full_prob=True)
        return np.asarray(found[0], np.float32)


@MODELS.register_module()
class ChanVeseRefiner(MapRefiner):
    """The coarse mask evolved by morphological Chan-Vese (Marquez-Neila et al., PAMI 2014) on the grey image.

    Args:
        iterations: of the evolution.
        smoothing: morphological smoothings an iteration.
        **kwargs: as of :class:`MapRefiner`.
    """

    def __init__(self, iterations: int = 10, smoothing: int = 1, **kwargs) -> None:
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
