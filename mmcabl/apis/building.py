"""A model and its test pipeline from a config, without a runner."""

from typing import Any, Callable, Dict, Union

from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import MODELS, TRANSFORMS, init_default_scope
from torch import nn

from mmcabl.apis.refiner_choice import refiner_settings
from mmcabl.checkpoints import load_exactly
from mmcabl.models.segmentors.refined_segmentor import refined_config
from mmcabl.utils.data_configs import TRUTH_STEPS, type_name


def build_model(cfg: Config, weights: str, refiner: Union[str, Dict, None] = None, compare: bool = False,
                trust: bool = False) -> nn.Module:
    """The model of a config with all of its weights, for testing; ``cfg.model`` becomes what was built.

    Args:
        refiner: see :func:`mmcabl.apis.refiner_choice.refiner_settings`; the config's by default.
        compare: keep the config's further prompt kinds.
        trust: load a checkpoint that may run code.

    Raises:
        ValueError: a refiner for a model that refines nothing.
        CheckpointError: the weights are not the model's.
    """
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    cfg.model = refined_config(cfg.model, cfg.get('custom_hooks'))  # no runner here, so no hooks
    given: Any = cfg.model.get('postprocessor')
    if refiner is not None:
        if given is None:
            raise ValueError(f'{type_name(cfg.model)} refines no masks, so no refiner can be chosen; its config '
                             'needs a postprocessor, or mmcabl.RefinedSegmentor around the model.')
        given.update(refiner_settings(refiner))
    if given is not None and not compare:
        given.compare = []
    model = MODELS.build(cfg.model)
    load_exactly(model, weights, trust)
    return model.eval()


def build_pipeline(cfg: Config) -> Callable:
    """The steps of a config's test data that load and pack an image; those that read the truth are left out."""
    dataset = cfg.test_dataloader.dataset
    steps = dataset.get('datasets', [dataset])[0].pipeline
    return Compose([TRANSFORMS.build(step) for step in steps if type_name(step) not in TRUTH_STEPS])
