"""mmcabl's data preprocessor for mmsegmentation's data samples."""

import torch
from mmpretrain.structures import DataSample

from mmcabl.models.localizers.data_preprocessor import ForensicDataPreprocessor
from mmcabl.registry import MODELS


@MODELS.register_module()
class SegForensicDataPreprocessor(ForensicDataPreprocessor):
    """As ``ForensicDataPreprocessor``; of mmseg's training samples it passes on the image label alone.

    The label is ``gt_label`` among the sample's meta information: ``mmcabl.PackForensicSegInputs`` packs it.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Training: ``inputs`` (B, 3, h, w) and mmpretrain samples with ``gt_label``; testing: as they are."""
        if training:
            data = dict(data, data_samples=[_weak(sample) for sample in data['data_samples']])
        return super().forward(data, training)


def _weak(sample) -> DataSample:
    label = sample.metainfo.get('gt_label')
    if label is None:
        raise KeyError("A training sample has no image label; pack with mmcabl.PackForensicSegInputs, or list "
                       "'gt_label' in PackSegInputs(meta_keys=...).")
    return DataSample().set_gt_label(torch.as_tensor(label))
