"""Write weights: whole or not at all, as safetensors or as torch's own format."""

import os
from pathlib import Path
from typing import Dict, Union

import torch
from mmengine.fileio import LocalBackend, register_backend
from safetensors.torch import save_file


class AtomicLocalBackend(LocalBackend):
    """mmengine's local files; a file that is written is there as a whole or as it was before.

    For ``CheckpointHook(backend_args=dict(backend='mmcabl.atomic'))``.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes beside the file, then put them in its place. A kill leaves ``<name>.part``, which the next
        attempt replaces."""
        part = f'{filepath}.part'
        super().put(obj, part)
        replace(part, filepath)

    def put_text(self, obj: str, filepath: Union[str, Path], encoding: str = 'utf-8') -> None:
        """As :meth:`put`."""
        self.put(obj.encode(encoding), filepath)


register_backend('mmcabl.atomic', AtomicLocalBackend, force=True)


def replace(part: Union[str, Path], path: Union[str, Path]) -> None:
    """Put a finished file in the place of another, on the disk before its name says so."""
    with open(part, 'rb') as file:
        os.fsync(file.fileno())
    os.replace(part, path)


def write_checkpoint(state: Dict[str, torch.Tensor], path: Union[str, Path]) -> None:
    """Parameters by name as ``.safetensors`` where the path ends so, otherwise under ``state_dict`` in a ``.pth``."""
    part = f'{path}.part'
    if str(path).endswith('.safetensors'):
        # a copy each: safetensors refuses tensors that share memory or have gaps
        save_file({key: value.detach().clone().contiguous() for key, value in state.items()}, part)
    else:
        torch.save(dict(state_dict=dict(state), meta={}), part)
    replace(part, path)
