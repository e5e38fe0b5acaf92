"""CGSR behind any segmentation model: in ``model`` of a config, or around a trained model."""

import warnings
from typing import Any, Dict, List, Optional, Sequence, Union

import torch
from mmengine.model import BaseModel, BaseTTAModel, is_model_wrapper
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.structures import PixelData
from torch import nn

from mmcabl.models.test_time_augmentation import ForensicTTAModel
from mmcabl.refinement.cgsr import CGSR
from mmcabl.registry import MODELS
from mmcabl.structures import keep_pixels, manipulated_probability
from mmcabl.structures.pictures import why_not


@MODELS.register_module()
class RefinedSegmentor(BaseModel):
    """A segmentation model whose predicted masks pass through CGSR in testing. It trains as without.

    Checkpoints are the inner model's own: its parameters keep their names, so one trained alone loads here, and one
    saved here loads there.

    Args:
        segmentor: a model or its config; ``test_step`` gives samples with ``seg_logits`` of one or two classes.
        postprocessor: a :class:`mmcabl.refinement.CGSR` or its config: refiner, prompt, kinds to compare, threshold.
        **kwargs: what the toolboxes' tools set in ``model`` (``data_preprocessor``, ``train_cfg``, ...), for the
            inner model's config where it has none; None is passed over.

    ``test_step`` gives the model's predictions with ``pred_sem_seg`` replaced by the refined mask and all fields of
    :class:`mmcabl.refinement.Refinement` added; ``seg_logits`` stay. With ``refines=False``: the model's own.
    """

    refines = True

    def __init__(self, segmentor: Union[Dict, nn.Module], postprocessor: Union[Dict, CGSR, None] = None,
                 **kwargs) -> None:
        if isinstance(segmentor, dict):
            given = {key: value for key, value in kwargs.items() if value is not None}
            segmentor = MMENGINE_MODELS.build({**given, **segmentor})
        super().__init__(data_preprocessor=getattr(segmentor, 'data_preprocessor', None))
        self.segmentor = segmentor
        # No module, as in the localizer: SAM's frozen weights belong to no checkpoint and no optimizer.
        self.postprocessor: CGSR = postprocessor if isinstance(postprocessor, CGSR) else MODELS.build(
            {'type': 'mmcabl.CGSR', **(postprocessor or {})})
        self._register_state_dict_hook(_to_own_names)
        self._register_load_state_dict_pre_hook(_from_own_names)

    def __getattr__(self, name: str) -> Any:
        """What toolboxes ask of their models (``decode_head``, ``out_channels``, ...) is asked of the inner one."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__('segmentor'), name)

    def forward(self, *args, **kwargs) -> Any:
        """The model's own: losses, tensors, predictions without refinement."""
        return self.segmentor(*args, **kwargs)

    def init_weights(self) -> None:
        """The model's own."""
        self.segmentor.init_weights()

    def test_step(self, data: Dict) -> List[Any]:
        """Predictions of a batch as the data loader gives it, refined."""
        samples = self.segmentor.test_step(data)
        keep_pixels(data['inputs'], samples)
        if self.refines:
            problem = next(filter(None, map(why_not, data['inputs'], samples)), None)
            if problem:
                raise ValueError(problem)
            self.refine(samples)
        return samples

    def val_step(self, data: Dict) -> List[Any]:
        """As :meth:`test_step`."""
        return self.test_step(data)

    def refine(self, samples: Sequence[Any]) -> None:
        """CGSR on the samples' probabilities of manipulation and ``pixels``."""
        maps = [manipulated_probability(s.seg_logits.data) for s in samples]
        self.postprocessor.refine(samples, [m.cpu().numpy() for m in maps], maps[0].device if maps else None)
        for sample in samples:
            sample.set_data(dict(pred_sem_seg=PixelData(data=torch.from_numpy(sample.pred_mask)[None].long())))


def _to_own_names(module: nn.Module, state: Dict, prefix: str, metadata: Dict) -> None:
    """Out of the wrapper: ``segmentor.backbone...`` is ``backbone...``."""
    start = f'{prefix}segmentor.'
    for key in [key for key in state if key.startswith(start)]:
        state[prefix + key[len(start):]] = state.pop(key)


def _from_own_names(state: Dict, prefix: str, *args) -> None:
    """Into the wrapper."""
    for key in [key for key in state if key.startswith(prefix)]:
        state[f'{prefix}segmentor.{key[len(prefix):]}'] = state.pop(key)


def refuse_other_merges(model: nn.Module) -> None:
    """Raise ValueError where test-time augmentation merges passes that are refined one by one.

    The toolboxes' own models for it keep refined masks, maps and prompts of one pass beside the merged prediction.
    """
    model = model.module if is_model_wrapper(model) else model
    if isinstance(model, BaseTTAModel) and not isinstance(model, ForensicTTAModel) and isinstance(
            model.module, RefinedSegmentor):
        raise ValueError(f'What {type(model).__name__} merges cannot be refined: it has the map of one pass alone; '
                         "use tta_model=dict(type='mmcabl.ForensicTTAModel').")


def warn_of_hook() -> None:
    """``CGSRHook`` is on its way out."""
    warnings.warn("custom_hooks=[dict(type='mmcabl.CGSRHook', ...)] is now model=dict(_delete_=True, type="
                  "'mmcabl.RefinedSegmentor', segmentor=_base_.model, ...); the hook works until mmcabl 0.4.",
                  FutureWarning, stacklevel=3)


def refined_config(model: Dict, hooks: Optional[Sequence[Dict]]) -> Dict:
    """A model's config with the refinement that a ``CGSRHook`` among a config's hooks would give it in testing.

    For those who run a model without a runner, and so without its hooks, for as long as the hook works.
    """
    for hook in hooks or ():
        if str(hook.get('type')).split('.')[-1] == 'CGSRHook':
            warn_of_hook()
            return dict(type='mmcabl.RefinedSegmentor', segmentor=model,
                        postprocessor=dict(hook.get('postprocessor') or {}))
    return model
