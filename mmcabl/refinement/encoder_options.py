"""How a frozen image encoder computes: where, in which type, compiled or not."""

from contextlib import contextmanager
from typing import Iterator, Optional

import torch
from torch import nn

from mmcabl.utils.cpu_numbers import cpu_has_bfloat16

DTYPES = {'float32': torch.float32, 'float16': torch.float16, 'bfloat16': torch.bfloat16}


def current_device() -> torch.device:
    """This process's current GPU, by its number, so that another thread means the same; a CPU without GPUs."""
    return torch.device('cuda', torch.cuda.current_device()) if torch.cuda.is_available() else torch.device('cpu')


def check_types(name: str, dtype: str, precision: Optional[str]) -> None:
    """Raise ValueError where one of the two options is none that there is."""
    choices = ('dtype', dtype, tuple(DTYPES)), ('precision', precision, (None, 'auto', *DTYPES))
    for option, given, accepted in choices:
        if given not in accepted:
            raise ValueError(f'Unknown {option} {given!r} for {name}; accepted are {", ".join(map(str, accepted))}.')


def encoder_dtype(device: torch.device, dtype: str, precision: Optional[str]) -> torch.dtype:
    """The type to compute in on ``device``.

    Args:
        dtype: asked for on a GPU; a CPU computes in float32 whatever it is.
        precision: asked for on any device; ``auto`` is bfloat16 where the device has instructions for it, else
            float16 on a GPU and float32 on a CPU. None: ``dtype`` alone decides.
    """
    if precision is None:
        return torch.float32 if device.type == 'cpu' else DTYPES[dtype]
    if precision != 'auto':
        return DTYPES[precision]
    if device.type == 'cpu':
        return torch.bfloat16 if cpu_has_bfloat16() else torch.float32
    return torch.bfloat16 if device.type != 'cuda' or torch.cuda.is_bf16_supported() else torch.float16


@contextmanager
def computing_in(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """Autocast to a half type, so that layer norms, softmax and the residual stream stay float32; or nothing."""
    half = dtype != torch.float32
    with torch.no_grad(), torch.autocast(device.type, dtype=dtype if half else torch.bfloat16, enabled=half):
        yield


def compile_in_place(module: nn.Module) -> None:
    """Let ``torch.compile`` run a module, for one size of input at a time; its parameters keep their names."""
    if not hasattr(module, 'compile'):
        raise ValueError(f'compile=True needs torch 2.2 or newer; this is {torch.__version__}.')
    module.compile(dynamic=False)
