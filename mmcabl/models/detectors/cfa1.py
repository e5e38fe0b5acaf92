"""CFA1: traces of demosaicing, Ferrara et al. 2012."""

from pathlib import Path
from typing import Any, Optional, Tuple

import numpy as np

from mmcabl.models.detectors.block_map import block_map
from mmcabl.models.detectors.cfa_likelihood import (
    fit,
    local_variance,
    log_likelihood_ratio,
    log_ratio,
    prediction_error,
    tampering_map,
    whole_cells,
)
from mmcabl.models.detectors.cfa_pattern import bayer_green
from mmcabl.models.detectors.untrained import UntrainedDetector
from mmcabl.registry import MODELS

#: Goes with every result, as ``note`` of its data sample.
NOTE = ('CFA1 looks for the trace of demosaicing, which JPEG compression and resizing remove: after either, its map '
        'and its score mean nothing.')


@MODELS.register_module()
class CFA1(UntrainedDetector):
    """Blocks that lack the trace of the camera's demosaicing (Table I: CFA1). It learns nothing.

    Its map is the authors' probability, cut at 0.5. They give no image score; it is the mean of the map here, the
    share of the image that is expected to lack the trace. **After JPEG compression or resizing it means nothing**:
    the trace is gone everywhere. Data samples get that as ``note``, a sentence, and ``cfa_presence``, a number, 0 or
    more: how far the image is from one without the trace (Dirik and Memon; 0.7 for bilinear demosaicing, 0.3 for
    photographs out of JPEG files).

    An image in which no two blocks differ (one colour, or less than 2 px) gets a map of 0.

    Args:
        block: side of a block in px, even.
        group: log-likelihoods are summed over ``group`` x ``group`` blocks.
        data_preprocessor, postprocessor, init_cfg: as of :class:`ForensicDetector`.

    Raises:
        ValueError: ``block`` is not even and positive, or ``group`` not positive.
    """

    def __init__(self, block: int = 8, group: int = 1, data_preprocessor: Optional[dict] = None,
                 postprocessor: Optional[dict] = None, init_cfg: Optional[dict] = None) -> None:
        if not (isinstance(block, int) and isinstance(group, int)) or block < 2 or block % 2 or group < 1:
            raise ValueError(f'CFA1 was given block={block!r} and group={group!r}; it accepts an even number of px '
                             'and a positive number of blocks.')
        super().__init__(data_preprocessor, postprocessor, init_cfg)
        self.block, self.group = block, group

    def analyse(self, picture: np.ndarray, sample: Any) -> Tuple[float, np.ndarray]:
        suffix = Path(str(sample.get('img_path', ''))).suffix.lower()
        sample.set_field(NOTE + (' This is a JPEG file.' if suffix in ('.jpg', '.jpeg') else ''), 'note')
        cells, usable = whole_cells(picture)
        green, presence = bayer_green(cells) if usable else (None, 0.)
        sample.set_field(presence, 'cfa_presence')
        found = np.zeros((0, 0))
        if usable:
            values = log_ratio(local_variance(prediction_error(cells[..., 1]), green), green, self.block)
            mixture = fit(values)
            if mixture is not None:
                found = tampering_map(log_likelihood_ratio(values, mixture), self.group)
        found = block_map(found, picture.shape[:2], self.block * self.group)
        return float(found.mean()), found
