"""The recipe that gives every comparison system deterministic weights: a name decides its numbers, in any order.

The numbers of ``tests/data/table1`` were made with these weights; its README has the recipe in prose.
"""

import json
import zlib
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Union

import numpy as np
import torch

SEED = 2026
#: Gain of the matrices, a system each.
GAINS = {'mvss_net': 1, 'mantra_net': 2, 'mantra_net_gru': 2, 'cat_net': 0.5, 'gsr_net': 2,
         'wscl_mil_fcn_resnet50': 1, 'araslanov_roth_resnet50': 1}


def draw(name: str, shape: Sequence[int], kind: str, gain: float = 1, seed: int = SEED) -> np.ndarray:
    """One entry of a state dict, float32, by its ORIGINAL name.

    Raises:
        ValueError: a kind that is not drawn (``kept``, ``counter``) or unknown.
    """
    rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
    if kind == 'matrix':
        value = rng.standard_normal(shape) * np.sqrt(gain / np.prod(shape[1:]))
    elif kind == 'matrix_hwio':
        value = rng.standard_normal(shape) * np.sqrt(gain / np.prod(shape[:-1]))
    elif kind == 'gain':
        value = 1 + 0.1 * rng.standard_normal(shape)
    elif kind == 'vector':
        value = 0.05 * rng.standard_normal(shape)
    elif kind == 'mean':
        value = 0.1 * rng.standard_normal(shape)
    elif kind == 'var':
        value = rng.uniform(0.5, 1.5, shape)
    elif kind == 'positive':
        value = rng.uniform(0.1, 1.0, shape)
    elif kind == 'gate':
        value = np.full(shape, 0.5)
    else:
        raise ValueError(f'{name} is of the kind {kind!r}, which is not drawn.')
    return np.asarray(value, np.float32)


def golden_state(keys: Union[Path, List], gain: float = 1, seed: int = SEED,
                 kept: Optional[Mapping[str, np.ndarray]] = None) -> Dict[str, torch.Tensor]:
    """A whole state dict under the original names.

    Args:
        keys: the list of (name, shape, kind), or its .json file.
        gain: of the matrices, see :data:`GAINS`.
        kept: values of the entries of the kind ``kept``; those not given, and counters, are left out.
    """
    entries = json.loads(Path(keys).read_text()) if isinstance(keys, (str, Path)) else keys
    kept = kept or {}
    state = {name: draw(name, shape, kind, gain, seed) for name, shape, kind in entries
             if kind not in ('kept', 'counter')}
    state.update((name, np.asarray(kept[name], np.float32)) for name, _, kind in entries
                 if kind == 'kept' and name in kept)
    return {name: torch.from_numpy(value) for name, value in state.items()}
