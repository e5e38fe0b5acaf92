from typing import Optional, Tuple

import cv2
import numpy as np

from mmcabl.evidence.evidence import Evidence, EvidenceFinder
from mmcabl.evidence.keypoints import self_matches
from mmcabl.registry import MODELS

#: Images below this side (px) have no room for a copy and its source.
LEAST_SIDE = 24
#: Bounds of settings: memory and time grow with the squares of both.
MOST_KEYPOINTS, MOST_SIDE = 10000, 4096
#: A copy is larger or smaller than its source by this factor at most.
LARGEST_SCALE = 2.5
#: Windows (px) in which copy and source are compared, and what of the correlation counts as alike.
WINDOW, ALIKE = 7, 0.7
#: Holes below this size (px) are closed.
CLOSED = 9


@MODELS.register_module()
class KeypointCopyMove(EvidenceFinder):
    """Copy-move forgeries by keypoints: does a part of the image lie in it a second time?

    The classical way (Amerini et al., 2011): SIFT keypoints are matched with one another, one rotation, scaling and
    shift is fitted to the matches by RANSAC, and those that agree with it are counted. Where image and its moved self
    then correlate around these keypoints, there are copy and source; which is which it cannot tell, so both are the
    region. It sees neither splices nor copies without texture, and takes a building with two equal towers for a
    forgery. Images are shrunk to ``max_side`` first, which also bounds the time; keypoints of one up to half of it
    are sought at twice its size.

    Args:
        least: fewest agreeing matches that are a finding.
        base: n agreeing matches multiply the odds of a manipulation by n / base, see :class:`Evidence`.
        keypoints, contrast, ratio, distance, apart: see :func:`self_matches`.
        tolerance: how far from the fitted motion a match may be, as a part of the diagonal.
        max_side: longer side in px.

    The defaults were chosen on kept-out forgeries of CASIA v2 (``docs/real.md``).
    """

    def __init__(self, least: int = 6, base: float = 4., keypoints: int = 2000, contrast: float = 0.01,
                 ratio: float = 0.6, distance: float = 0.6, apart: float = 0.06, tolerance: float = 0.007,
                 max_side: int = 1024) -> None:
        numbers = (base, contrast, ratio, distance, apart, tolerance)
        if not (all(type(each) is int for each in (least, keypoints, max_side))
                and all(type(each) in (int, float) for each in numbers)
                and 4 <= least <= keypoints <= MOST_KEYPOINTS and LEAST_SIDE <= max_side <= MOST_SIDE
                and 0 < base <= least and 0 < contrast < 1 and 0 < ratio < 1 and 0 < distance < 2 and 0 < apart < 1
                and 0 < tolerance < 1):
            raise ValueError(
                f'KeypointCopyMove was given least={least!r}, base={base!r}, keypoints={keypoints!r}, contrast='
                f'{contrast!r}, ratio={ratio!r}, distance={distance!r}, apart={apart!r}, tolerance={tolerance!r}, '
                f'max_side={max_side!r}; it accepts whole numbers 4 <= least <= keypoints <= {MOST_KEYPOINTS} and '
                f'{LEAST_SIDE} <= max_side <= {MOST_SIDE}, 0 < base <= least, contrast, ratio, apart and tolerance '
                'in (0, 1) and distance in (0, 2).')
        self.least, self.base, self.tolerance, self.max_side = least, base, tolerance, max_side
        self.matching = dict(keypoints=keypoints, contrast=contrast, ratio=ratio, distance=distance, apart=apart)

    def __call__(self, image: np.ndarray) -> Optional[Evidence]:
        height, width = image.shape[:2]
        grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        factor = self.max_side / max(height, width)
        if factor < 1:
            size = max(1, round(width * factor)), max(1, round(height * factor))
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        if min(grey.shape) < LEAST_SIDE:
            return None
        here, there, motion = self.moved(grey)
        if motion is None:
            return None
        region = around(grey, here, motion) | around(grey, there, cv2.invertAffineTransform(motion))
        if region.shape != (height, width):
            region = cv2.resize(region.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
        return Evidence(len(here) / self.base, region, f'A part of it lies in it twice ({len(here)} points agree), '
                        'which a copy does, and sometimes a repeated object; which is the copy is not known.')

    def moved(self, grey: np.ndarray) -> Tuple[np.ndarray, np.ndarray, Optional[np.ndarray]]:
        """The motion (2, 3) that takes a part of a picture (H, W) uint8 to its double, and the matches that agree.

        A match says of neither end that it is the source, so both directions are offered: the matches of one copy
        agree in one of them.

        Returns:
            Their ends (N, 2) as (x, y), the motion taking the first to the second; no motion, None, where fewer than
            ``least`` agree.
        """
        double = max(grey.shape) <= self.max_side / 2
        sought = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) if double else grey
        here, there = (each / (1 + double) for each in self_matches(sought, **self.matching))
        none = here[:0], there[:0], None
        if len(here) < self.least:
            return none
        here, there = np.concatenate([here, there]), np.concatenate([there, here])
        # its random numbers begin anew at every call
        motion, agree = cv2.estimateAffinePartial2D(
            here, there, method=cv2.RANSAC, ransacReprojThreshold=self.tolerance * float(np.hypot(*grey.shape)),
            maxIters=3000, confidence=0.999)
        if motion is None or not np.isfinite(motion).all():
            return none
        if not 1 / LARGEST_SCALE < np.hypot(motion[0, 0], motion[1, 0]) < LARGEST_SCALE:
            return none
        agree = agree.ravel() > 0
        agree[len(agree) // 2:] &= ~agree[:len(agree) // 2]  # half a turn agrees both ways
        return (here[agree], there[agree], motion) if agree.sum() >= self.least else none


def around(grey: np.ndarray, points: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Where (H, W), bool, a picture (H, W) uint8 is like what a motion (2, 3) takes it to, around points (N, 2)."""
    height, width = grey.shape
    how = dict(dsize=(width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    double = cv2.warpAffine(grey, motion, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, **how)
    inside = cv2.warpAffine(np.ones_like(grey), motion, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, **how)
    like = ((correlation(grey, double) > ALIKE) & (inside > 0)).astype(np.uint8)
    _, parts = cv2.connectedComponents(like, connectivity=4)
    x, y = np.clip(points.round().astype(int), 0, (width - 1, height - 1)).T
    here = np.isin(parts, np.setdiff1d(parts[y, x], [0]))
    return cv2.morphologyEx(here.astype(np.uint8), cv2.MORPH_CLOSE,
                            cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (CLOSED, CLOSED))) > 0


def correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of two pictures (H, W) uint8 in windows around every pixel, -1 to 1; near 0 where both are flat."""
    a, b = one.astype(np.float32), other.astype(np.float32)

    def mean(x: np.ndarray) -> np.ndarray:
        return cv2.blur(x, (WINDOW, WINDOW))

    ma, mb = mean(a), mean(b)
    spread = [np.maximum(mean(x * x) - m * m, 4) for x, m in ((a, ma), (b, mb))]  # two grey levels of noise
    return (mean(a * b) - ma * mb) / np.sqrt(spread[0] * spread[1])
