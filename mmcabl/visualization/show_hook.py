from typing import Sequence

from mmpretrain.engine import VisualizationHook
from mmpretrain.structures import DataSample

from mmcabl.registry import HOOKS
from mmcabl.utils.names import file_name


@HOOKS.register_module()
class ClassificationOverlayHook(VisualizationHook):
    """mmpretrain's hook names pictures by the images' names alone.

    So images of one name in two folders met, and a name that leaves no room for ``_0.png`` ended the test.
    """

    def _draw_samples(self, batch_idx: int, data_batch: dict, data_samples: Sequence[DataSample],
                      step: int = 0) -> None:
        if self.enable is False:
            return
        named = [sample.new() for sample in data_samples]
        for sample in named:
            if 'img_path' in sample:
                sample.set_metainfo(dict(img_path=file_name(sample.img_path)))
        super()._draw_samples(batch_idx, data_batch, named, step)
