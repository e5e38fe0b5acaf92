"""Distributed runs on machines without a GPU, under the unmodified upstream launchers.

MMEngine's launchers select a CUDA device before they make the process group, so ``--launcher pytorch`` and
``--launcher slurm`` fail where there is none. A config that lists this module in ``custom_imports`` makes them work:
the config is read before the Runner is built, and a Runner that finds a process group uses it. The Runner's default
wrapper, which wants a GPU, is then :class:`AnyDeviceDDP`; a ``model_wrapper_cfg`` is not needed, and would have the
Runner pass over a config's ``find_unused_parameters``. On machines with a GPU, and without a launcher, importing this
does nothing::

    custom_imports = dict(imports=['mmcabl.engine.cpu.distributed'])
"""

import sys
from typing import Optional, Sequence
from unittest.mock import patch

from mmengine.device import get_device
from mmengine.dist import init_dist, is_distributed
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import runner as runner_module
from torch import nn

from mmcabl.engine.cpu.gathered_batchnorm import replace_sync_batchnorm
from mmcabl.registry import MODEL_WRAPPERS

LAUNCHERS = ('pytorch', 'slurm')


def requested_launcher(arguments: Sequence[str]) -> Optional[str]:
    """The value of ``--launcher`` on a command line, None without one or where it is ``none``."""
    for i, argument in enumerate(arguments):
        name, equals, value = argument.partition('=')
        if name == '--launcher':
            value = value if equals else ''.join(arguments[i + 1:i + 2])
            return value if value in LAUNCHERS else None
    return None


def init_cpu_group(arguments: Optional[Sequence[str]] = None) -> bool:
    """Make a gloo process group if a launcher was asked for and there is no accelerator.

    Args:
        arguments: of the command line; this process's by default.

    Returns:
        Whether a group was made here.
    """
    launcher = requested_launcher(sys.argv[1:] if arguments is None else arguments)
    if launcher is None or get_device() != 'cpu' or is_distributed():
        return False
    with patch('torch.cuda.set_device'):  # upstream's own reading of the environment, without the device
        init_dist(launcher, backend='gloo')
    runner_module.MMDistributedDataParallel = AnyDeviceDDP
    return True


@MODEL_WRAPPERS.register_module()
class AnyDeviceDDP(MMDistributedDataParallel):
    """MMEngine's DDP on whatever device the model is on; on a CPU, batch norms that synchronise do so over gloo.

    Args:
        module: the model.
        device_ids: as MMEngine gives them; not used on a CPU.
        broadcast_buffers, find_unused_parameters, **kwargs: as of ``MMDistributedDataParallel``, with the values
            that MMEngine's Runner takes by default.
    """

    def __init__(self, module: nn.Module, device_ids: Optional[Sequence[int]] = None, broadcast_buffers: bool = False,
                 find_unused_parameters: bool = False, **kwargs) -> None:
        if next(module.parameters()).device.type == 'cpu':
            device_ids, module = None, replace_sync_batchnorm(module)
        super().__init__(module=module, device_ids=device_ids, broadcast_buffers=broadcast_buffers,
                         find_unused_parameters=find_unused_parameters, **kwargs)


init_cpu_group()
