"""CGSR behind any mmsegmentation model, at test time, from the config."""

from typing import Optional

from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner

from mmcabl.models.segmentors.refined_segmentor import RefinedSegmentor
from mmcabl.models.test_time_augmentation import ForensicTTAModel
from mmcabl.refinement.cgsr import CGSR
from mmcabl.registry import HOOKS, MODELS


@HOOKS.register_module()
class CGSRHook(Hook):
    """Refine the masks of whatever model is tested: ``custom_hooks=[dict(type='mmcabl.CGSRHook')]``.

    While testing, the model is a :class:`mmcabl.refinement.RefinedSegmentor`. It refines the pixels that the pipeline
    loaded; where the pipeline resizes images, ``mmcabl.KeepPicture`` keeps them.

    Args:
        postprocessor: config of :class:`mmcabl.refinement.CGSR`: refiner, prompt, kinds to compare, threshold.
    """

    def __init__(self, postprocessor: Optional[dict] = None) -> None:
        self.cgsr: CGSR = MODELS.build({'type': 'mmcabl.CGSR', **(postprocessor or {})})
        self._model = self._inner = None

    def before_test(self, runner: Runner) -> None:
        """Put the refinement around the model, inside its test-time augmentation."""
        self._model = runner.model
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if not isinstance(model, BaseTTAModel):
            runner.model = RefinedSegmentor(model, self.cgsr)
            return
        if not isinstance(model, ForensicTTAModel):
            raise ValueError(f'CGSRHook cannot refine what {type(model).__name__} merges: it has the map of one pass '
                             "alone; use tta_model=dict(type='mmcabl.ForensicTTAModel').")
        self._inner, model.module = model.module, RefinedSegmentor(model.module, self.cgsr)
        runner.model = model

    def after_test(self, runner: Runner) -> None:
        """Give the model back as it was."""
        if self._inner is not None:
            runner.model.module, self._inner = self._inner, None
        runner.model = self._model
