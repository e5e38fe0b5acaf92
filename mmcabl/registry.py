"""mmcabl's registries: children of MMEngine's root registries under the scope ``mmcabl``.

MMEngine imports ``<scope>.registry`` when a config names ``<scope>.<Type>``, and each registry imports
its ``locations`` at the first look-up. So ``type='mmcabl.ConformerCABL'`` resolves from the config of
any mm library with no ``custom_imports``.
"""

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODEL_WRAPPERS as MMENGINE_MODEL_WRAPPERS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import Registry

MODELS = Registry('model', parent=MMENGINE_MODELS, scope='mmcabl',
                  locations=['mmcabl.models', 'mmcabl.refinement'])
DATASETS = Registry('dataset', parent=MMENGINE_DATASETS, scope='mmcabl',
                    locations=['mmcabl.datasets'])
TRANSFORMS = Registry('transform', parent=MMENGINE_TRANSFORMS, scope='mmcabl',
                      locations=['mmcabl.datasets'])
METRICS = Registry('metric', parent=MMENGINE_METRICS, scope='mmcabl',
                   locations=['mmcabl.evaluation'])
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope='mmcabl',
                 locations=['mmcabl.visualization', 'mmcabl.checkpoints', 'mmcabl.engine.hooks'])
DATA_SAMPLERS = Registry('data sampler', parent=MMENGINE_DATA_SAMPLERS, scope='mmcabl',
                         locations=['mmcabl.engine.samplers'])
MODEL_WRAPPERS = Registry('model_wrapper', parent=MMENGINE_MODEL_WRAPPERS, scope='mmcabl',
                          locations=['mmcabl.engine.cpu.distributed'])
LOOPS = Registry('loop', parent=MMENGINE_LOOPS, scope='mmcabl', locations=['mmcabl.engine.loops'])
OPTIM_WRAPPERS = Registry('optim_wrapper', parent=MMENGINE_OPTIM_WRAPPERS, scope='mmcabl',
                          locations=['mmcabl.engine.cpu.amp'])
VISUALIZERS = Registry('visualizer', parent=MMENGINE_VISUALIZERS, scope='mmcabl',
                       locations=['mmcabl.visualization'])

__all__ = ['DATASETS', 'DATA_SAMPLERS', 'HOOKS', 'LOOPS', 'METRICS', 'MODELS', 'MODEL_WRAPPERS', 'OPTIM_WRAPPERS',
           'TRANSFORMS', 'VISUALIZERS']
