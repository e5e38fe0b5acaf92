"""Weights as they are shipped: parameters alone, in half precision, as safetensors."""

import hashlib
from pathlib import Path
from typing import Dict, Tuple, Union

import torch
from torch import Tensor

from mmcabl.checkpoints import read_checkpoint, write_checkpoint
from mmcabl.checkpoints.matching import parameters_of


def halved(state: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Floating-point entries as float16, the others as they are.

    Raises:
        ValueError: an entry is not finite in float16.
    """
    found = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    for key, value in found.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ValueError(f'{key} is not finite in half precision; ship this model in single precision.')
    return found


def publish(checkpoint: Union[str, Path], out: Union[str, Path]) -> Tuple[str, int]:
    """Write the parameters of a checkpoint to ``out`` (``.safetensors``): no optimizer, no history, no config.

    Where the training kept an average of the parameters (mmengine's ``EMAHook``), ``state_dict`` holds that average.

    Returns:
        SHA-256 and size in bytes of the file, as a metafile entry states them.

    Raises:
        ValueError: ``out`` has another ending; as :func:`halved`.
        CheckpointError: the checkpoint cannot be read as data.
    """
    if Path(out).suffix != '.safetensors':
        raise ValueError(f'{out} does not end in .safetensors, the format that weights are shipped in.')
    write_checkpoint(halved(parameters_of(read_checkpoint(checkpoint), str(checkpoint))), out)
    content = Path(out).read_bytes()
    return hashlib.sha256(content).hexdigest(), len(content)
