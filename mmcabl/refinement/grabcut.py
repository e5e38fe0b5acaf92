from typing import List, Sequence, Tuple

import cv2
import numpy as np

from mmcabl.refinement.refiner import Refiner
from mmcabl.registry import MODELS
from mmcabl.structures.prompts import Prompts


@MODELS.register_module()
class GrabCutRefiner(Refiner):
    """OpenCV's GrabCut, seeded from the prompts that SAM would get.

    Outside the box is background; inside it the colour models decide. A positive point is a disc of sure
    foreground, a negative one of sure background. Without a box, everything but the disc may be either.
    GrabCut separates by colour and contrast, so it helps where what was pasted looks different.

    Args:
        iterations: of GrabCut.
        radius: of the discs, as a part of the image's shorter side.
        max_side: larger images are shrunk to this longer side (px), and the mask is enlarged again.
        min_fill: least part of the box that a cut has to fill. Where inside and outside look alike, the
            cut collapses to a few pixels; then the box itself is returned. 0: never.
    """

    def __init__(self, iterations: int = 1, radius: float = 0.03, max_side: int = 768,
                 min_fill: float = 0.3) -> None:
        if iterations < 1 or not 0 < radius < 1 or max_side < 1 or not 0 <= min_fill <= 1:
            raise ValueError(f'GrabCutRefiner was given iterations={iterations}, radius={radius}, max_side='
                             f'{max_side}, min_fill={min_fill}; it accepts iterations >= 1, 0 < radius < 1, '
                             'max_side >= 1 and 0 <= min_fill <= 1.')
        self.iterations, self.radius, self.max_side, self.min_fill = iterations, radius, max_side, min_fill

    def refine(self, images: Sequence[np.ndarray], prompts: Sequence[Prompts],
               kinds: Sequence[str]) -> List[List[np.ndarray]]:
        return [[self._cut(image, prompt, kind) for kind in kinds]
                for image, prompt in zip(images, prompts)]

    def _cut(self, image: np.ndarray, prompts: Prompts, kind: str) -> np.ndarray:
        height, width = image.shape[:2]
        factor = min(1., self.max_side / max(height, width))
        if factor < 1:  # a strip of 1 x 4000 px stays one pixel wide
            image = cv2.resize(image, None, fx=max(factor, 1 / width), fy=max(factor, 1 / height),
                               interpolation=cv2.INTER_AREA)
        seeds = self._seeds(image.shape[:2], prompts, kind, (image.shape[1] / width, image.shape[0] / height))
        seeded = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))
        # GrabCut needs pixels of both sorts for its colour models; without them the seeds are the answer.
        if seeded.any() and not seeded.all():
            cv2.setRNGSeed(0)  # its k-means draws from OpenCV's global generator
            cv2.grabCut(np.ascontiguousarray(image[..., ::-1]), seeds, (0, 0, 0, 0), np.zeros((1, 65)),
                        np.zeros((1, 65)), self.iterations, cv2.GC_INIT_WITH_MASK)
        mask = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))
        if kind != 'point' and mask.sum() < self.min_fill * seeded.sum():
            mask = seeded
        full = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        return np.asarray(full).astype(bool)

    def _seeds(self, shape: Tuple[int, int], prompts: Prompts, kind: str, factors: Tuple[float, float]) -> np.ndarray:
        box, points, labels = prompts.select(kind)
        seeds = np.full(shape, cv2.GC_PR_BGD if box is None else cv2.GC_BGD, np.uint8)
        if box is not None:
            x0, y0, x1, y1 = (int(v * factors[i % 2]) for i, v in enumerate(box))
            seeds[y0:y1 + 1, x0:x1 + 1] = cv2.GC_PR_FGD
        radius = max(1, round(self.radius * min(shape)))
        for (x, y), label in zip(points, labels):
            centre = (int(x * factors[0]), int(y * factors[1]))
            cv2.circle(seeds, centre, radius, int(cv2.GC_FGD if label else cv2.GC_BGD), -1)
        return seeds
