"""In which floating type a localizer infers."""

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

PRECISIONS = ('auto', 'float32', 'bfloat16', 'float16')
#: Of a CPU: instructions that multiply bfloat16, as Linux names them.
BFLOAT16_FLAGS = ('avx512_bf16', 'amx_bf16')


def resolved(precision: str, device: torch.device) -> torch.dtype:
    """The type itself: ``auto`` is bfloat16 on a CPU with instructions for it, and float32 anywhere else.

    Raises:
        ValueError: an unknown precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f'Unknown precision {precision!r} of a localizer; accepted are {", ".join(PRECISIONS)}.')
    if precision == 'auto':
        return torch.bfloat16 if torch.device(device).type == 'cpu' and native_bfloat16() else torch.float32
    return getattr(torch, precision)


@lru_cache(maxsize=1)
def native_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 itself: AVX512-BF16 or AMX, by what Linux says of it."""
    try:
        flags = Path('/proc/cpuinfo').read_text(errors='replace')
    except OSError:
        return False
    return any(flag in flags for flag in BFLOAT16_FLAGS)


def lower(copy: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Weights and buffers of a folded copy in a type, in place; the network it was folded from keeps its own."""
    for module in copy.modules():
        module._parameters = {name: p if p is None else nn.Parameter(p.detach().to(dtype), requires_grad=False)
                              for name, p in module._parameters.items()}
        module._buffers = {name: b.to(dtype) if b is not None and b.is_floating_point() else b
                           for name, b in module._buffers.items()}
    return copy


def computing_in(dtype: torch.dtype, device: torch.device) -> AbstractContextManager:
    """Autocast, for a backbone that has no folded copy to lower; in float32 nothing."""
    return nullcontext() if dtype == torch.float32 else torch.autocast(torch.device(device).type, dtype=dtype)
