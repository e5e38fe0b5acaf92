from typing import Optional, Sequence

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmcabl.models.localizers.weak_localizer import WeaklySupervisedLocalizer
from mmcabl.registry import MODELS


@MODELS.register_module()
class WeaklySupervisedSegmentor(WeaklySupervisedLocalizer):
    """:class:`WeaklySupervisedLocalizer` with mmseg's samples: the same parameters, the same maps and masks.

    Trains from ``gt_label`` in the samples' meta information. ``predict`` sets everything the localizer does and

    ================  =================================================================================
    ``pred_sem_seg``  (1, H, W) int64, 1 where the final mask (CGSR's) is, 0 elsewhere
    ``seg_logits``    (2, H, W) float32: ``threshold - cam`` and ``cam - threshold``; their arg-max is the coarse
                      mask, so averages of several passes (test-time augmentation) stay meaningful
    ================  =================================================================================

    Where test-time augmentation mirrored an image, all of it is mirrored back. For ``--tta`` use
    ``mmcabl.ForensicTTAModel``, which averages maps and refines the average.

    Args: of :class:`WeaklySupervisedLocalizer`; ``data_preprocessor`` is a ``mmcabl.SegForensicDataPreprocessor``.
    """

    #: Channels of ``seg_logits``, which mmseg's test-time augmentation asks for.
    out_channels = 2
    sample_type = SegDataSample

    def __init__(self, *args, data_preprocessor: Optional[dict] = None, **kwargs) -> None:
        data_preprocessor = {'type': 'mmcabl.SegForensicDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(*args, data_preprocessor=data_preprocessor, **kwargs)

    def refine(self, samples: Sequence[SegDataSample]) -> None:
        """As the localizer's, and mmseg's fields."""
        super().refine(samples)
        for sample in samples:
            margin = torch.from_numpy(sample.cam) - self.postprocessor.threshold
            mask = torch.from_numpy(sample.pred_mask)
            sample.set_data(dict(seg_logits=PixelData(data=torch.stack([-margin, margin])),
                                 pred_sem_seg=PixelData(data=mask[None].long())))
