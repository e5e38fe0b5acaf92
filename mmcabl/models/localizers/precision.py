"""In which numbers a localizer infers."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from mmcabl.models.layers.int8 import has_int8_calls, to_int8
from mmcabl.utils.cpu_numbers import cpu_has_bfloat16, cpu_has_int8

PRECISIONS = ('auto', 'float32', 'bfloat16', 'float16', 'int8')

NO_INT8 = ("precision='int8' needs a backbone that folds its batch norms and gains by eight bits, as "
           'mmcabl.ConformerCABL does; accepted for others are auto, float32, bfloat16, float16.')


def resolved(precision: str, device: torch.device) -> torch.dtype:
    """The type itself: ``auto`` is bfloat16 on a CPU with instructions for it, and float32 anywhere else.

    ``int8`` stands for convolutions and linear layers in eight bits and all else in bfloat16.

    Raises:
        ValueError: an unknown precision; ``int8`` elsewhere than on a CPU that has instructions for both.
    """
    if precision not in PRECISIONS:
        raise ValueError(f'Unknown precision {precision!r} of a localizer; accepted are {", ".join(PRECISIONS)}.')
    on_cpu = torch.device(device).type == 'cpu'
    if precision == 'auto':
        return torch.bfloat16 if on_cpu and cpu_has_bfloat16() else torch.float32
    if precision == 'int8' and not (on_cpu and cpu_has_int8() and cpu_has_bfloat16() and has_int8_calls()):
        raise ValueError("precision='int8' needs a CPU with AVX512-VNNI and AVX512-BF16 (or AMX) and torch's oneDNN, "
                         f"which this {'CPU or torch' if on_cpu else 'device'} is not; accepted here are auto, "
                         'float32, bfloat16, float16.')
    return getattr(torch, precision)


def lower(copy: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Weights and buffers of a folded copy in a type, in place; the network it was folded from keeps its own.

    Raises:
        ValueError: ``int8`` of a backbone with ``infers_int8 = False``.
    """
    if dtype == torch.int8:
        if not getattr(copy, 'infers_int8', True):
            raise ValueError(NO_INT8)
        to_int8(copy)
        dtype = torch.bfloat16
    for module in copy.modules():
        module._parameters = {name: p if p is None else nn.Parameter(p.detach().to(dtype), requires_grad=False)
                              for name, p in module._parameters.items()}
        module._buffers = {name: b.to(dtype) if b is not None and b.is_floating_point() else b
                           for name, b in module._buffers.items()}
    return copy


def computing_in(dtype: torch.dtype, device: torch.device) -> AbstractContextManager:
    """Autocast, for a backbone that has no folded copy to lower; in float32 nothing.

    Raises:
        ValueError: ``int8``.
    """
    if dtype == torch.int8:
        raise ValueError(NO_INT8)
    return nullcontext() if dtype == torch.float32 else torch.autocast(torch.device(device).type, dtype=dtype)
