"""Process groups and models in several processes on machines without a GPU."""

import os
import subprocess
from argparse import ArgumentParser
from typing import Dict, Optional, Sequence

from mmengine.dist import is_distributed
from mmengine.model import MMDistributedDataParallel
from torch import distributed, nn

from mmcabl.engine.cpu.gathered_batchnorm import replace_sync_batchnorm
from mmcabl.registry import MODEL_WRAPPERS

#: What each launcher says of a process: rank, rank on its machine, number of processes.
LAUNCHERS: Dict[str, Sequence[str]] = {'pytorch': ('RANK', 'LOCAL_RANK', 'WORLD_SIZE'),
                                       'slurm': ('SLURM_PROCID', 'SLURM_LOCALID', 'SLURM_NTASKS')}
#: mmengine's, where Slurm's jobs name none.
PORT = '29500'


def requested_launcher(arguments: Sequence[str]) -> Optional[str]:
    """The value of ``--launcher`` on a command line of the toolboxes' scripts; None where it is none of ours."""
    parser = ArgumentParser(add_help=False)
    parser.add_argument('--launcher', nargs='?')
    launcher = parser.parse_known_args(list(arguments))[0].launcher
    return launcher if launcher in LAUNCHERS else None


def join_gloo_group(launcher: str) -> None:
    """Make this process one of a gloo group, by what its launcher says in the environment; nothing if it is in one.

    Slurm's processes get the variables that torchrun sets, as from mmengine: ``RANK``, ``LOCAL_RANK``,
    ``WORLD_SIZE``, and unless they are there ``MASTER_ADDR``, the job's first machine, and ``MASTER_PORT``.

    Args:
        launcher: ``pytorch`` or ``slurm``.

    Raises:
        ValueError: the launcher did not start this process.
    """
    if is_distributed():
        return
    missing = [name for name in LAUNCHERS[launcher] if name not in os.environ]
    if missing:
        raise ValueError(f'--launcher {launcher} was given to a process that it did not start ({", ".join(missing)} '
                         "not in the environment); start it with 'python -m torch.distributed.run' or Slurm's srun.")
    if launcher == 'slurm':
        for name, theirs in zip(LAUNCHERS['pytorch'], LAUNCHERS['slurm']):
            os.environ[name] = os.environ[theirs]
        os.environ.setdefault('MASTER_PORT', PORT)
        if 'MASTER_ADDR' not in os.environ:
            os.environ['MASTER_ADDR'] = _first_machine()
    distributed.init_process_group('gloo', init_method='env://')


def _first_machine() -> str:
    command = ['scontrol', 'show', 'hostnames', os.environ['SLURM_NODELIST']]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0]


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
