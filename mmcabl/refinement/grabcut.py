import sys
from concurrent.futures import ThreadPoolExecutor
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from mmcabl.refinement.refiner import Refiner
from mmcabl.registry import MODELS
from mmcabl.structures.prompts import Prompts
from mmcabl.utils.cores import usable_cores

#: Least width of what is shown around a box (px), however small the box.
LEAST_MARGIN = 8


@MODELS.register_module()
class GrabCutRefiner(Refiner):
    """OpenCV's GrabCut, seeded from the prompts that SAM would get.

    Outside the box, to a pixel of what is cut, is background; inside it the colour models decide. A positive point
    is a disc of sure foreground, a negative one of sure background. Without a box, everything but the disc may be
    either.
    GrabCut separates by colour and contrast, so it helps where what was pasted looks different.

    As many cuts as torch has threads (without torch: as there are cores) go on at once; a mask does not depend on
    their number.

    Args:
        iterations: of GrabCut.
        radius: of the discs, as a part of the image's shorter side.
        max_side: what is cut is shrunk to this longer side (px), and the mask is enlarged again. A cut's time grows
            with its pixels: 128 takes twice as long and is better where maps are good (docs/refiners.md).
        min_fill: least part of the box that a cut has to fill. Where inside and outside look alike, the
            cut collapses to a few pixels; then the box itself is returned. 0: never.
        margin: with a box, only the box and this part of its sides around it (at least 8 px) is cut, the background
            being learnt there; None: the whole image.
    """

    def __init__(self, iterations: int = 1, radius: float = 0.05, max_side: int = 96, min_fill: float = 0.3,
                 margin: Optional[float] = 0.5) -> None:
        if (iterations < 1 or not 0 < radius < 1 or max_side < 1 or not 0 <= min_fill <= 1
                or margin is not None and not 0 <= margin < float('inf')):
            raise ValueError(f'GrabCutRefiner was given iterations={iterations}, radius={radius}, max_side={max_side}'
                             f', min_fill={min_fill}, margin={margin}; it accepts iterations >= 1, 0 < radius < 1, '
                             'max_side >= 1, 0 <= min_fill <= 1 and margin >= 0 or None.')
        self.iterations, self.radius, self.max_side, self.min_fill = iterations, radius, max_side, min_fill
        self.margin = margin

    def refine(self, images: Sequence[np.ndarray], prompts: Sequence[Prompts],
               kinds: Sequence[str]) -> List[List[np.ndarray]]:
        jobs = [(image, prompt, kind) for image, prompt in zip(images, prompts) for kind in kinds]
        threads = min(len(jobs), _threads())
        if threads < 2:
            found = [self._cut(*job) for job in jobs]
        else:  # OpenCV lets go of the interpreter's lock; its random numbers are each thread's own
            with ThreadPoolExecutor(threads) as pool:
                found = list(pool.map(lambda job: self._cut(*job), jobs))
        return [found[i:i + len(kinds)] for i in range(0, len(found), len(kinds))]

    def _cut(self, image: np.ndarray, prompts: Prompts, kind: str) -> np.ndarray:
        full = image.shape[:2]
        mask = np.zeros(full, bool)
        x0, y0, x1, y1 = self._window((full[0], full[1]), prompts.select(kind)[0])
        part = image[y0:y1, x0:x1]
        height, width = part.shape[:2]
        factor = min(1., self.max_side / max(height, width))
        if factor < 1:  # a strip of 1 x 4000 px stays one pixel wide
            part = cv2.resize(part, None, fx=max(factor, 1 / width), fy=max(factor, 1 / height),
                              interpolation=cv2.INTER_AREA)
        factors = (part.shape[1] / width, part.shape[0] / height)
        radius = max(1, round(self.radius * min(full[1] * factors[0], full[0] * factors[1])))
        seeds = self._seeds(part.shape[:2], prompts, kind, (x0, y0), factors, radius)
        seeded = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))
        # GrabCut needs pixels of both sorts for its colour models; without them the seeds are the answer.
        if seeded.any() and not seeded.all():
            cv2.setRNGSeed(0)  # its k-means draws from OpenCV's generator, one for each thread
            cv2.grabCut(np.ascontiguousarray(part[..., ::-1]), seeds, (0, 0, 0, 0), np.zeros((1, 65)),
                        np.zeros((1, 65)), self.iterations, cv2.GC_INIT_WITH_MASK)
        found = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))
        if kind != 'point' and found.sum() < self.min_fill * seeded.sum():
            found = seeded
        mask[y0:y1, x0:x1] = cv2.resize(found.astype(np.float32), (width, height)) >= 0.5
        return mask

    def _window(self, shape: Tuple[int, int], box: Optional[tuple]) -> Tuple[int, int, int, int]:
        """What is cut, the last column and row left out."""
        height, width = shape
        if box is None or self.margin is None:
            return 0, 0, width, height
        x0, y0, x1, y1 = box
        dx, dy = (max(LEAST_MARGIN, int(self.margin * side)) for side in (x1 - x0 + 1, y1 - y0 + 1))
        return max(0, x0 - dx), max(0, y0 - dy), min(width, x1 + 1 + dx), min(height, y1 + 1 + dy)

    def _seeds(self, shape: Tuple[int, int], prompts: Prompts, kind: str, origin: Tuple[int, int],
               factors: Tuple[float, float], radius: int) -> np.ndarray:
        box, points, labels = prompts.select(kind)
        seeds = np.full(shape, cv2.GC_PR_BGD if box is None else cv2.GC_BGD, np.uint8)
        if box is not None:
            x0, y0, x1, y1 = (int((v - origin[i % 2]) * factors[i % 2]) for i, v in enumerate(box))
            seeds[y0:y1 + 1, x0:x1 + 1] = cv2.GC_PR_FGD
        for (x, y), label in zip(points, labels):
            centre = (int((x - origin[0]) * factors[0]), int((y - origin[1]) * factors[1]))
            cv2.circle(seeds, centre, radius, int(cv2.GC_FGD if label else cv2.GC_BGD), -1)
        return seeds


def _threads() -> int:
    """torch's number, where it is imported: exported models run without."""
    torch = sys.modules.get('torch')
    return usable_cores() if torch is None else torch.get_num_threads()
