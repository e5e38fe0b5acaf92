"""Write weights: whole or not at all, as safetensors or as torch's own format."""

from pathlib import Path
from typing import Dict, Union

import torch
from mmengine.fileio import LocalBackend, register_backend
from safetensors.torch import save_file

from mmcabl.utils.files import replacing


class AtomicLocalBackend(LocalBackend):
    """mmengine's local files; a file that is written is there as a whole or as it was before.

    For ``CheckpointHook(backend_args=dict(backend='mmcabl.atomic'))``.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes beside the file, then put them in its place. A kill leaves ``<name>.part``, which the next
        attempt replaces."""
        with replacing(filepath, True, f'{filepath}.part') as part:
            super().put(obj, part)

    def put_text(self, obj: str, filepath: Union[str, Path], encoding: str = 'utf-8') -> None:
        """As :meth:`put`."""
        self.put(obj.encode(encoding), filepath)


register_backend('mmcabl.atomic', AtomicLocalBackend, force=True)


def write_checkpoint(state: Dict[str, torch.Tensor], path: Union[str, Path]) -> None:
    """Parameters by name as ``.safetensors`` where the path ends so, otherwise under ``state_dict`` in a ``.pth``."""
    with replacing(path, True, f'{path}.part') as part:
        if str(path).endswith('.safetensors'):
            # a copy each: safetensors refuses tensors that share memory or have gaps
            save_file({key: value.detach().clone().contiguous() for key, value in state.items()}, part)
        else:
            torch.save(dict(state_dict=dict(state), meta={}), part)
