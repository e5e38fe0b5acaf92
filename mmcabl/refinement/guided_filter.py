from typing import Any

import cv2
import numpy as np

from mmcabl.refinement.map_refiner import MapRefiner
from mmcabl.registry import MODELS


@MODELS.register_module()
class GuidedFilterRefiner(MapRefiner):
    """The map through a guided filter (He et al., ECCV 2010): in each window a linear function of the image's grey.

    No weights, no dependency beside OpenCV's box filter; the cost does not depend on the window.

    Args:
        window: half the window's side, as a part of the longer side of what is filtered.
        eps: variance of grey (0 to 1) below which a window counts as flat and the map is only averaged.
        **kwargs: as of :class:`MapRefiner`.
    """

    def __init__(self, window: float = 0.06, eps: float = 1e-4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 < window < 1 or not eps > 0:
            raise ValueError(f'GuidedFilterRefiner was given window={window}, eps={eps}; it accepts 0 < window < 1 '
                             'and eps > 0.')
        self.window, self.eps = window, eps

    def follow(self, image: np.ndarray, cam: np.ndarray) -> np.ndarray:
        guide = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        return guided_filter(guide, cam, max(1, round(self.window * max(cam.shape))), self.eps)


def guided_filter(guide: np.ndarray, source: np.ndarray, radius: int, eps: float) -> np.ndarray:
    """``mean(a) I + mean(b)``, with a = cov(I, p) / (var(I) + eps) and b = mean(p) - a mean(I) in each window.

    Args:
        guide: (H, W) float, I.
        source: (H, W) float, p.
        radius: windows have a side of ``2 radius + 1``, reflected at the border.
        eps: in the units of the guide's variance.

    Returns:
        (H, W) float32.
    """
    guide, source = guide.astype(np.float64), source.astype(np.float64)

    def mean(x: np.ndarray) -> np.ndarray:
        return cv2.blur(x, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REFLECT)

    mean_guide, mean_source = mean(guide), mean(source)
    slope = (mean(guide * source) - mean_guide * mean_source) / (mean(guide * guide) - mean_guide ** 2 + eps)
    return (mean(slope) * guide + mean(mean_source - slope * mean_guide)).astype(np.float32)
