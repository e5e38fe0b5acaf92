"""Read a file of arrays by name as tensors, whatever it was saved with."""

import zipfile
from pathlib import Path
from typing import Dict, Optional, Union

import numpy as np
import torch
from torch import Tensor

from mmcabl.checkpoints import CheckpointError, read_checkpoint
from mmcabl.conversion.keys import strip_wrappers


def read_state(path: Union[str, Path], trust: Optional[bool] = None) -> Dict[str, Tensor]:
    """Parameters by name, without wrappers' nesting and prefixes.

    Args:
        path: ``.npz`` (numbers only, no pickles), ``.safetensors``, or what ``torch.save`` wrote, of tensors or NumPy
            arrays.
        trust: as of :func:`mmcabl.checkpoints.read_checkpoint`.

    Raises:
        CheckpointError, UnknownCheckpointError: it cannot be read, or holds something else.
    """
    found = _read_npz(Path(path)) if str(path).endswith('.npz') else read_checkpoint(path, trust=trust)
    return strip_wrappers(_as_tensors(found))


def _read_npz(path: Path) -> Dict[str, np.ndarray]:
    if not path.is_file():
        raise CheckpointError(f'{path} is not a file; give the path of a checkpoint (.npz, .pth or .safetensors).')
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError, AttributeError, MemoryError, zipfile.BadZipFile) as error:
        said = ' '.join(str(error).split())[:120]
        raise CheckpointError(f'{path} cannot be read as arrays by name: it is cut short, damaged or of another '
                              f'format ({type(error).__name__}: {said}).') from None


def _as_tensors(node: dict, depth: int = 2) -> dict:
    """Arrays of numbers as tensors, in the dicts that it holds too; everything else as it is."""
    out = {}
    for key, value in node.items():
        if isinstance(value, np.ndarray) and value.dtype.kind in 'biuf':
            value = torch.from_numpy(np.array(value, value.dtype.newbyteorder('=')))
        out[key] = _as_tensors(value, depth - 1) if isinstance(value, dict) and depth else value
    return out
