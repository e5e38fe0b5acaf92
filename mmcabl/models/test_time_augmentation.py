from typing import Any, List, Sequence

import numpy as np
import torch
from mmengine.model import BaseTTAModel
from mmengine.structures import PixelData

from mmcabl.models.heads.labels import set_prediction
from mmcabl.registry import MODELS


@MODELS.register_module()
class ForensicTTAModel(BaseTTAModel):
    """For ``--tta`` of both toolboxes: ``tta_model = dict(type='mmcabl.ForensicTTAModel')``.

    The toolboxes' own merge one field and leave the others as the last (mmseg) or the first (mmpretrain) pass has
    them. Here maps and scores of all passes are averaged, mirrored back, and CGSR runs once, on the average:

    - a localizer of this package: means of ``cam_raw`` and ``pred_score``, so that a model tested with mirror images
      is the model with ``flip=True``;
    - a segmentation model: ``seg_logits`` whose softmax (of one channel: which itself) is the mean probability;
    - a classifier: the mean of ``pred_score``.

    The pipeline packs ``flip`` and ``flip_direction`` as meta information, and loads masks behind the mirroring.
    """

    def test_step(self, data: Any) -> List[Any]:
        """Every pass of a batch, merged, refined once."""
        refines = getattr(self.module, 'refines', False)
        try:
            if refines:
                self.module.refines = False
            samples = super().test_step(data)
        finally:
            if refines:
                self.module.refines = refines
        if refines:
            if hasattr(self.module, 'weigh'):
                self.module.weigh(samples)
            self.module.refine(samples)
        return samples

    def merge_preds(self, data_samples_list: List[Sequence[Any]]) -> List[Any]:
        """One sample for each image from those of its passes."""
        return [self._merge(passes) for passes in data_samples_list]

    def _merge(self, passes: Sequence[Any]) -> Any:
        if not all('flip' in sample for sample in passes):
            raise ValueError(f"{passes[0].get('img_path', 'An image')} does not say whether it was mirrored; list "
                             "'flip' and 'flip_direction' in the meta_keys of the pipeline's last step.")
        merged = next((sample for sample in passes if not sample.get('flip')), passes[0])
        if 'cam_raw' in merged:
            merged.set_field(np.mean([sample.cam_raw for sample in passes], axis=0), 'cam_raw')
        if 'seg_logits' in merged:
            self._merge_logits(merged, passes)
        if 'pred_score' in merged:
            score = torch.stack([sample.pred_score for sample in passes]).mean(0)
            one = getattr(getattr(self.module, 'head', None), 'num_classes', None) == 1
            set_prediction(merged, score[-1:] if one else score)
        merged.set_metainfo(dict(flip=False, flip_direction=None))
        return merged

    def _merge_logits(self, merged: Any, passes: Sequence[Any]) -> None:
        logits = [sample.seg_logits.data for sample in passes]
        if len(logits[0]) == 1:  # mmseg has passed them through a sigmoid
            mean = torch.stack(logits).mean(0)
            head = getattr(getattr(self.module, 'segmentor', self.module), 'decode_head', None)
            mask = (mean > getattr(head, 'threshold', 0.5)).long()
        else:
            chance = torch.stack([x.float().softmax(0) for x in logits]).mean(0)
            mean, mask = chance.clamp(min=torch.finfo(chance.dtype).tiny).log(), chance.argmax(0, keepdim=True)
        merged.set_data(dict(seg_logits=PixelData(data=mean), pred_sem_seg=PixelData(data=mask)))
