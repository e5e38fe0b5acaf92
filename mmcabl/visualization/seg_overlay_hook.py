"""mmseg's ``--show-dir`` on the stored grid and beside unreadable images."""

import os
from typing import Optional, Sequence

import numpy as np
from mmengine.runner import Runner
from mmseg.engine.hooks import SegVisualizationHook
from mmseg.structures import SegDataSample

from mmcabl.images import read_image
from mmcabl.registry import HOOKS


@HOOKS.register_module()
class SegmentationOverlayHook(SegVisualizationHook):
    """mmseg's hook turns pixels by EXIF, which the masks are not, and ends the test at an image it cannot read."""

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Optional[dict] = None,
                        outputs: Sequence[SegDataSample] = ()) -> None:
        """Draw the samples of one batch; an unreadable image is left out."""
        if not self.draw:
            return
        for sample in outputs:
            self._test_index += 1
            if sample.get('unreadable'):
                continue
            picture = np.ascontiguousarray(read_image(sample.img_path)[..., ::-1])
            self._visualizer.add_datasample(f'test_{os.path.basename(sample.img_path)}', picture, data_sample=sample,
                                            show=self.show, wait_time=self.wait_time, step=self._test_index)
