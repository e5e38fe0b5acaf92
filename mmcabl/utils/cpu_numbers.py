"""Which small numbers this CPU computes with by instructions of its own."""

import re
from functools import lru_cache
from pathlib import Path
from typing import FrozenSet

import torch

#: As torch (Arm's ``bf16`` too) and Linux name instructions that multiply bfloat16, and 8-bit integers.
BFLOAT16 = frozenset(('avx512_bf16', 'amx_bf16', 'bf16'))
INT8 = frozenset(('avx512_vnni', 'amx_int8'))


@lru_cache(maxsize=1)
def instructions() -> FrozenSet[str]:
    """What torch says of this CPU, an older torch does not, Linux may; elsewhere nothing is known."""
    said = getattr(torch.cpu, 'get_capabilities', dict)()
    if said:
        return frozenset(name for name, has in said.items() if has is True)
    try:
        return frozenset(re.findall(r'\w+', Path('/proc/cpuinfo').read_text(errors='replace')))
    except OSError:
        return frozenset()


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 itself: AVX512-BF16, AMX, Arm's; False where that is not known."""
    return bool(BFLOAT16 & instructions())


def cpu_has_int8() -> bool:
    """Whether this CPU multiplies 8-bit integers without overflow: AVX512-VNNI, AMX; False where not known."""
    return bool(INT8 & instructions())
