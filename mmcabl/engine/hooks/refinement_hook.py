"""The older way to configure :class:`mmcabl.models.RefinedSegmentor`."""

from typing import Optional

from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner

from mmcabl.models.segmentors.refined_segmentor import RefinedSegmentor, refuse_other_merges, warn_of_hook
from mmcabl.refinement.cgsr import CGSR
from mmcabl.registry import HOOKS, MODELS


@HOOKS.register_module()
class CGSRHook(Hook):
    """Deprecated: refinement is part of a model. While testing, the model is a ``mmcabl.RefinedSegmentor`` of itself.

    Scoring, which has no hooks, reads it by :func:`refined_config`.

    Args:
        postprocessor: config of :class:`mmcabl.refinement.CGSR`: refiner, prompt, kinds to compare, threshold.
    """

    def __init__(self, postprocessor: Optional[dict] = None) -> None:
        warn_of_hook()
        self.cgsr: CGSR = MODELS.build({'type': 'mmcabl.CGSR', **(postprocessor or {})})
        self._model = self._inner = None

    def before_test(self, runner: Runner) -> None:
        """Put the refinement around the model, inside its test-time augmentation."""
        self._model = runner.model
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if not isinstance(model, BaseTTAModel):
            runner.model = RefinedSegmentor(model, self.cgsr)
            return
        self._inner, model.module = model.module, RefinedSegmentor(model.module, self.cgsr)
        runner.model = model
        refuse_other_merges(model)

    def after_test(self, runner: Runner) -> None:
        """Give the model back as it was."""
        if self._inner is not None:
            runner.model.module, self._inner = self._inner, None
        runner.model = self._model
