from abc import abstractmethod
from typing import Dict, List, Optional, Sequence

import cv2
import numpy as np

from mmcabl.refinement.refiner import Refiner
from mmcabl.structures.prompts import Prompts


class MapRefiner(Refiner):
    """Moves the edges of the localization map itself to those of the image; the prompts then say what counts.

    The map is smoothed along the image by :meth:`follow` and thresholded. ``box``: within the box. ``point``: the
    component that holds the positive point. ``box_point``: the component within the box that holds the positive point
    (all of them where none does), with a disc at the negative point taken out. Where less than ``min_fill`` of the
    coarse mask's own pixels there are left, these are the answer.

    Args:
        threshold: of the smoothed map, in (0, 1), where 0.5 stands for CGSR's own threshold.
        max_side: larger images are shrunk to this longer side (px) for the smoothing, and the map is enlarged again.
        min_fill: least part that a mask has to have of the coarse one under the same prompt.
        radius: of the disc, as a part of the image's shorter side.
    """

    def __init__(self, threshold: float = 0.5, max_side: int = 256, min_fill: float = 0.3,
                 radius: float = 0.03) -> None:
        if not 0 < threshold < 1 or max_side < 1 or not 0 <= min_fill <= 1 or not 0 < radius < 1:
            raise ValueError(f'{type(self).__name__} was given threshold={threshold}, max_side={max_side}, min_fill='
                             f'{min_fill}, radius={radius}; it accepts 0 < threshold < 1, max_side >= 1, '
                             '0 <= min_fill <= 1 and 0 < radius < 1.')
        self.threshold, self.max_side, self.min_fill, self.radius = threshold, max_side, min_fill, radius

    @abstractmethod
    def follow(self, image: np.ndarray, cam: np.ndarray) -> np.ndarray:
        """The map (H, W) float32 in [0, 1] smoothed along the edges of an image (H, W, 3) uint8 RGB."""

    def refine(self, images: Sequence[np.ndarray], prompts: Sequence[Prompts], kinds: Sequence[str],
               maps: Optional[Sequence[np.ndarray]] = None, threshold: float = 0.5) -> List[List[np.ndarray]]:
        """As :meth:`Refiner.refine`, with the maps (H, W) in [0, 1] and the threshold that gave the prompts.

        Raises:
            ValueError: there are no maps.
        """
        if maps is None:
            raise ValueError(f'{type(self).__name__} refines maps and was given prompts alone; use it within '
                             'mmcabl.CGSR, which passes both.')
        results = []
        for image, prompt, cam in zip(images, prompts, maps):
            cam = np.interp(cam, [0, threshold, 1], [0, .5, 1]).astype(np.float32)
            soft = self._follow(image, cam)
            masks = {kind: self._select(soft >= self.threshold, cam >= 0.5, prompt, kind) for kind in kinds}
            results.append([masks[kind] for kind in kinds])
        return results

    def _follow(self, image: np.ndarray, cam: np.ndarray) -> np.ndarray:
        height, width = cam.shape
        factor = min(1., self.max_side / max(height, width))
        if factor == 1:
            return self.follow(image, cam)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = self.follow(cv2.resize(image, size, interpolation=cv2.INTER_AREA),
                            cv2.resize(cam, size, interpolation=cv2.INTER_AREA))
        return cv2.resize(small.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)

    def _select(self, mask: np.ndarray, coarse: np.ndarray, prompts: Prompts, kind: str) -> np.ndarray:
        box, _, labels = prompts.select(kind)
        allowed = np.ones(mask.shape, np.uint8)
        if box is not None:
            allowed[:] = 0
            allowed[box[1]:box[3] + 1, box[0]:box[2] + 1] = 1
        if 0 in labels:
            radius = max(1, round(self.radius * min(mask.shape)))
            cv2.circle(allowed, tuple(map(int, prompts.negative)), radius, 0, -1)
        found: Dict[str, np.ndarray] = {}
        for name, pixels in (('mask', mask), ('coarse', coarse)):
            pixels = pixels & (allowed > 0)
            if 1 in labels:
                held = _component(pixels, prompts.positive)
                pixels = held if kind == 'point' or held.any() else pixels
            found[name] = pixels
        enough = (found['mask'] & found['coarse']).sum() >= self.min_fill * found['coarse'].sum()
        return found['mask'] if enough and found['mask'].any() else found['coarse']


def _component(mask: np.ndarray, point: Sequence[int]) -> np.ndarray:
    """The part of a mask that holds a point (x, y); nothing where the point is outside."""
    _, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    number = numbers[point[1], point[0]]
    return (numbers == number) & mask if number else np.zeros_like(mask)
