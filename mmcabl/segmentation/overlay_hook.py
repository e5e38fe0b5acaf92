"""mmseg's ``--show-dir`` on data with unreadable images."""

from typing import Optional, Sequence

from mmengine.runner import Runner
from mmseg.engine.hooks import SegVisualizationHook
from mmseg.structures import SegDataSample

from mmcabl.registry import HOOKS


@HOOKS.register_module()
class SegmentationOverlayHook(SegVisualizationHook):
    """mmseg's hook reads every image again and ends the test at one that cannot be read; here it is left out."""

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Optional[dict] = None,
                        outputs: Sequence[SegDataSample] = ()) -> None:
        """Draw the samples of one batch."""
        readable = [sample for sample in outputs if not sample.get('unreadable')]
        super().after_test_iter(runner, batch_idx, data_batch, readable)
