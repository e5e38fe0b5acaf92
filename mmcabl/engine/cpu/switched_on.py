"""Importing this module acts: ``--amp`` and ``--launcher`` of the toolboxes' scripts work without a GPU.

For a config, in a line of its own::

    custom_imports = dict(imports=['mmcabl.engine.cpu.switched_on'])

On a machine with an accelerator nothing happens. Without one,

- ``AmpOptimWrapper``, which mmengine refuses to make there, means :class:`CPUAmpOptimWrapper` in mmengine's own
  registry, and so in those of all toolboxes, which are its children;
- under ``--launcher pytorch`` or ``slurm`` this process joins a gloo group before the Runner would select a GPU (a
  Runner that finds a group uses it), and the Runner's default wrapper, which wants a GPU, is :class:`AnyDeviceDDP`. A
  ``model_wrapper_cfg`` would do the latter as well, but have the Runner pass over ``find_unused_parameters``.
"""

import sys

from mmengine.device import get_device
from mmengine.registry import OPTIM_WRAPPERS
from mmengine.runner import runner

from mmcabl.engine.cpu.amp import CPUAmpOptimWrapper
from mmcabl.engine.cpu.distributed import AnyDeviceDDP, join_gloo_group, requested_launcher

if get_device() == 'cpu':
    OPTIM_WRAPPERS.register_module(name='AmpOptimWrapper', module=CPUAmpOptimWrapper, force=True)
    launcher = requested_launcher(sys.argv[1:])
    if launcher is not None:
        join_gloo_group(launcher)
        runner.MMDistributedDataParallel = AnyDeviceDDP
