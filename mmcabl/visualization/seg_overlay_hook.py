from typing import Optional, Sequence

import numpy as np
from mmengine.runner import Runner
from mmseg.engine.hooks import SegVisualizationHook
from mmseg.structures import SegDataSample

from mmcabl.registry import HOOKS
from mmcabl.structures import forensic_sample
from mmcabl.structures.pictures import loaded_pixels
from mmcabl.utils.names import file_name


@HOOKS.register_module()
class SegmentationOverlayHook(SegVisualizationHook):
    """mmseg's hook turns pixels by EXIF, which the masks are not, and ends the test at an image it cannot read."""

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Optional[dict] = None,
                        outputs: Sequence[SegDataSample] = ()) -> None:
        """Draw the samples of one batch; an image without a result is left out."""
        if not self.draw:
            return
        for i, sample in enumerate(outputs):
            self._test_index += 1
            if not forensic_sample(sample).usable:
                continue
            picture = np.ascontiguousarray(loaded_pixels(data_batch, i))
            # OpenCV, which writes the picture, crashes at a name that is not UTF-8 and loses one that is too long
            self._visualizer.add_datasample(file_name(sample.img_path, 'test'), picture, data_sample=sample,
                                            show=self.show, wait_time=self.wait_time, step=self._test_index)
