"""CGSR behind any mmsegmentation model, at test time, from the config."""

from typing import List, Optional

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel, is_model_wrapper
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmcabl.datasets.loading import read_image
from mmcabl.evaluation.segmentation_view import manipulated_probability
from mmcabl.refinement.cgsr import CGSR
from mmcabl.registry import HOOKS, MODELS


class RefinedModel(BaseModel):
    """A trained model whose predicted masks pass through CGSR.

    Args:
        module: any model whose ``test_step`` gives samples with ``seg_logits`` of one or two classes.
        cgsr: the post-processor.
    """

    def __init__(self, module: torch.nn.Module, cgsr: CGSR) -> None:
        super().__init__()
        self.module, self.cgsr = module, cgsr

    def forward(self, *args, **kwargs):
        """The model's own."""
        return self.module(*args, **kwargs)

    def test_step(self, data: dict) -> List[SegDataSample]:
        """The model's predictions, ``pred_sem_seg`` replaced by the refined mask; all of CGSR's fields are added.

        The image is read again from the sample's ``img_path``: SAM needs its own pixels at the size of the truth.
        """
        samples = self.module.test_step(data)
        pictures = [read_image(s.img_path)[..., ::-1] for s in samples]
        maps = [manipulated_probability(s.seg_logits.data).cpu().numpy() for s in samples]
        found = self.cgsr.batch(pictures, maps, [s.img_path for s in samples])
        for sample, result in zip(samples, found):
            for field, value in result.fields().items():
                sample.set_field(value, field)
            sample.pred_sem_seg = PixelData(data=torch.from_numpy(sample.pred_mask)[None].long())
        return samples


@HOOKS.register_module()
class CGSRHook(Hook):
    """Refine the masks of whatever model is tested: ``custom_hooks=[dict(type='mmcabl.CGSRHook')]``.

    Args:
        postprocessor: config of :class:`mmcabl.refinement.CGSR`: refiner, prompt, kinds to compare, threshold.
    """

    def __init__(self, postprocessor: Optional[dict] = None) -> None:
        self.cgsr: CGSR = MODELS.build({'type': 'mmcabl.CGSR', **(postprocessor or {})})
        self._model = None

    def before_test(self, runner) -> None:
        """Put the refinement around the model."""
        self._model = runner.model
        inner = runner.model.module if is_model_wrapper(runner.model) else runner.model
        runner.model = RefinedModel(inner, self.cgsr)

    def after_test(self, runner) -> None:
        """Give the model back as it was."""
        runner.model = self._model
