"""What a training or a test reads, as plain data: two that read the same have the same, whatever else differs."""

import hashlib
import json
import os
from typing import Any, Dict, Optional, Tuple

from mmengine.config import Config

from mmcabl.utils.data_configs import TRUTH_STEPS, dicts_in, listed_only, opened, type_name
from mmcabl.version import __version__

#: Parameters that only testing reads: of the method's models, and of every other of ours.
TEST_ONLY_OF_LOCALIZER = ('postprocessor', 'scales', 'flip', 'union', 'attention', 'attention_residual',
                          'attention_blocks', 'class_index', 'precision', 'compile', 'scored_scales',
                          'evidence')
LOCALIZERS = ('WeaklySupervisedLocalizer', 'WeaklySupervisedSegmentor')
TEST_ONLY_OF_MODEL = ('postprocessor',)
#: And of ``WeakLabelHead``.
TEST_ONLY_OF_HEAD = ('map_bias',)
#: Where a data set lies.
ELSEWHERE = ('data_root', 'ann_file', 'backend_args', 'listing')
#: Hooks that change no number, neither of weights nor of metrics.
WITHOUT_EFFECT = ('LoggerHook', 'IterTimerHook', 'CheckpointHook', 'AtomicCheckpointHook', 'CheckedWeightsHook',
                  'WorkerGuardHook', 'PreflightHook')
#: Hooks that act in testing alone.
TEST_HOOKS = ('LocalizationOverlayHook', 'CGSRHook', 'VisualizationHook', 'SegVisualizationHook',
              'SegmentationOverlayHook', 'ClassificationOverlayHook')
#: Keys of a config that neither training nor testing reads, or reads under another name.
NEITHER = ('work_dir', 'launcher', 'resume', 'log_level', 'log_processor', 'visualizer', 'vis_backends',
           'train_pipeline', 'test_pipeline', 'meta_keys', 'val_evaluator', 'trust_checkpoints')
ONLY_TRAINING = ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr', 'randomness',
                 'val_dataloader', 'val_cfg')
ONLY_TESTING = ('test_dataloader', 'test_evaluator', 'test_cfg', 'tta_model', 'tta_pipeline')
#: Of data loaders: how fast, not what.
SPEED = ('num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor')


def training_identity(cfg: Config, known: Optional[Dict] = None) -> Dict:
    """Model, data, pipeline, schedule, seed and version; nothing that only testing reads.

    A key that is not known to be without effect counts: too much costs a second training, too little a wrong number.
    ``known``: see :func:`data_identity`.
    """
    found = _part(cfg, (*NEITHER, *ONLY_TESTING), (*WITHOUT_EFFECT, *TEST_HOOKS), known)
    model = found['model']
    if str(model.get('type')).startswith('mmcabl.'):
        method = type_name(model) in LOCALIZERS
        for key in TEST_ONLY_OF_LOCALIZER if method else TEST_ONLY_OF_MODEL:
            model.pop(key, None)
        for key in TEST_ONLY_OF_HEAD if method else ():
            (model.get('head') or {}).pop(key, None)
    return found


def test_identity(cfg: Config, checkpoint: str, known: Optional[Dict] = None) -> Dict:
    """Model, refinement, data, metrics, version; and ``checkpoint``, which names the weights by their contents."""
    found = _part(cfg, (*NEITHER, *ONLY_TRAINING, 'load_from'), WITHOUT_EFFECT, known)
    node: Any  # a dict, as found is
    for _, node in dicts_in(found, ''):
        node.pop('cache_dir', None)
        if node.get('precision') == 'auto':  # it is another number on another machine
            node['precision'] = _automatic(type_name(node).endswith('Refiner'))
    return {**found, 'checkpoint': checkpoint}


def _automatic(refiner: bool) -> str:
    """The type that ``precision='auto'`` of a refiner, or of a localizer, is on this machine."""
    import torch
    from mmengine.device import get_device

    from mmcabl.models.localizers.precision import resolved
    from mmcabl.refinement.encoder_options import encoder_dtype
    device = torch.device(get_device())
    return str(encoder_dtype(device, 'float32', 'auto') if refiner else resolved('auto', device))


test_identity.__test__ = False  # no test, whatever pytest takes its name for


def _part(cfg: Config, without: Tuple[str, ...], hooks: Tuple[str, ...], known: Optional[Dict]) -> Dict:
    found = {key: value for key, value in cfg.to_dict().items() if key not in without and value is not None}
    found['default_hooks'] = {name: hook for name, hook in found.get('default_hooks', {}).items()
                              if hook is not None and type_name(hook) not in hooks}
    found['custom_hooks'] = [hook for hook in found.get('custom_hooks') or [] if type_name(hook) not in hooks]
    for name, loader in found.items():
        if name.endswith('_dataloader'):
            found[name] = {k: v for k, v in loader.items() if k not in SPEED}
            found[name]['dataset'] = data_identity(loader['dataset'], found.get('default_scope'), known)
    return {**json.loads(json.dumps(found, default=str)), 'mmcabl': __version__}


def data_identity(dataset: Dict, scope: Optional[str] = None, known: Optional[Dict] = None) -> Dict:
    """A data set's config, or that of a wrapper, with what it lists in place of where it lies: spelling, links and
    moves do not count.

    Args:
        scope: toolbox that types without a scope belong to.
        known: keeps listings for the next call, for as long as the caller takes files not to change.

    Raises:
        OSError, ValueError: the data set's own sentence, as where it is missing.
    """
    known, dataset = {} if known is None else known, opened(dataset)
    if 'datasets' in dataset:
        return {**dataset, 'datasets': [data_identity(part, scope, known) for part in dataset['datasets']]}
    if 'dataset' in dataset:
        return {**dataset, 'dataset': data_identity(dataset['dataset'], scope, known)}
    truth = any(type_name(step) in TRUTH_STEPS for step in dataset.get('pipeline') or [])
    listed = {k: v for k, v in dataset.items() if k not in ('pipeline', 'name')}
    key = json.dumps([listed, scope, truth], sort_keys=True, default=str)
    if key not in known:
        known[key] = _listing(listed, scope or 'mmengine', truth)
    return {**{k: v for k, v in dataset.items() if k not in ELSEWHERE}, **known[key]}


def _listing(dataset: Dict, scope: str, truth: bool) -> Dict:
    """How many samples, and a digest of names below the root, labels and sizes in bytes; ``truth``: of masks too."""
    from mmcabl.datasets import ForgeryDataset
    built = listed_only(dataset, scope)
    keys = ['img_path', *(['gt_mask_path'] if truth or not isinstance(built, ForgeryDataset) else []), 'seg_map_path']
    found = hashlib.sha256()
    for i in range(len(built)):
        info = built.get_data_info(i)
        row = [info.get('gt_label'), *(_file(info.get(key), dataset.get('data_root')) for key in keys)]
        found.update(json.dumps(row, default=str).encode() + b'\n')
    return dict(images=len(built), listing=found.hexdigest()[:16])


def _file(path: Any, root: Any) -> Any:
    if not path:
        return None
    size = os.stat(path).st_size if os.path.exists(path) else -1
    return [os.path.relpath(path, root) if root else os.path.realpath(path), size]
