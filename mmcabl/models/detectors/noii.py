"""NOII: noise inconsistency, Mahdian and Saic 2009."""

from typing import Any, Optional, Tuple

import numpy as np

from mmcabl.models.detectors.block_map import block_map
from mmcabl.models.detectors.noise_map import delay, inconsistency, noise_map
from mmcabl.models.detectors.untrained import UntrainedDetector
from mmcabl.registry import MODELS


@MODELS.register_module()
class NOII(UntrainedDetector):
    """Regions whose noise differs from that of the image (Table I: NOII). It learns nothing.

    The local deviation of the noise is the authors' (:func:`mmcabl.models.detectors.noise_map.noise_map`). They give
    neither a map in [0, 1] nor a threshold nor an image score; these are our choice, made before any image with a
    known truth was looked at:

    - Map: :func:`mmcabl.models.detectors.noise_map.inconsistency`, in both directions, since a pasted region may have
      less noise than its surroundings (a blurred or compressed source) as well as more.
    - Threshold: 1/3, noise twice or half the image's usual one. A block is 64 coefficients, from which the median
      estimates the deviation of white noise to 15 %, so chance alone hardly comes that far.
    - Score: the mean of the map. Its maximum would be 1 for every image with a saturated block.

    Args:
        block: side of a block in coefficients; a block is ``2 * block`` px wide.
        postprocessor: of :class:`ForensicDetector`; ``threshold`` is 1/3 here.
        data_preprocessor, init_cfg: as of :class:`ForensicDetector`.

    Raises:
        ValueError: ``block`` is no positive integer.
    """

    def __init__(self, block: int = 8, data_preprocessor: Optional[dict] = None,
                 postprocessor: Optional[dict] = None, init_cfg: Optional[dict] = None) -> None:
        if not isinstance(block, int) or block < 1:
            raise ValueError(f'NOII was given block={block!r}; it accepts a positive number of coefficients.')
        super().__init__(data_preprocessor, {'threshold': 1 / 3, **(postprocessor or {})}, init_cfg)
        self.block = block

    def analyse(self, picture: np.ndarray, sample: Any) -> Tuple[float, np.ndarray]:
        found = block_map(inconsistency(noise_map(picture, self.block)), picture.shape[:2], 2 * self.block, delay())
        return float(found.mean()), found
