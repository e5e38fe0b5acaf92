"""mmcabl's registries: children of MMEngine's root registries under the scope ``mmcabl``.

MMEngine imports ``<scope>.registry`` when a config names ``<scope>.<Type>``, and each registry imports
its ``locations`` at the first look-up. So ``type='mmcabl.ConformerCABL'`` resolves from the config of
any mm library with no ``custom_imports``.
"""

from mmengine import registry as root


def _child(parent: root.Registry, *locations: str) -> root.Registry:
    return root.Registry(parent.name, parent=parent, scope='mmcabl',
                         locations=[f'mmcabl.{location}' for location in locations])


MODELS = _child(root.MODELS, 'models', 'refinement.components', 'evidence.known')
DATASETS = _child(root.DATASETS, 'datasets')
TRANSFORMS = _child(root.TRANSFORMS, 'datasets')
METRICS = _child(root.METRICS, 'evaluation')
HOOKS = _child(root.HOOKS, 'visualization', 'checkpoints', 'engine.hooks')
DATA_SAMPLERS = _child(root.DATA_SAMPLERS, 'engine.samplers')
MODEL_WRAPPERS = _child(root.MODEL_WRAPPERS, 'engine.cpu.distributed')
LOOPS = _child(root.LOOPS, 'engine.loops')
OPTIM_WRAPPERS = _child(root.OPTIM_WRAPPERS, 'engine.cpu.amp')
VISUALIZERS = _child(root.VISUALIZERS, 'visualization')

__all__ = ['DATASETS', 'DATA_SAMPLERS', 'HOOKS', 'LOOPS', 'METRICS', 'MODELS', 'MODEL_WRAPPERS', 'OPTIM_WRAPPERS',
           'TRANSFORMS', 'VISUALIZERS']
