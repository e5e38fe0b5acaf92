from typing import Dict, Optional

import torch
from torch import Tensor
from torch.nn import functional as F

from mmcabl.models.localizers.attention import AttentionPropagator

UNIONS = ('max', 'sum', 'conv', 'trans')


def unite(maps: Dict[str, Tensor], union: str = 'max') -> Tensor:
    """``M_T u M_C`` on the finer of the two grids, float32.

    Args:
        maps: (B, K, h, w) for each branch; with the patch tokens' map under ``trans``, its grid is the one
            that is kept, since attention is defined on it.
        union: ``max``, the element-wise maximum (our default reading of the union), ``sum``, or one branch's map
            alone, ``conv`` or ``trans`` (ours).
    """
    if union not in UNIONS:
        raise ValueError(f'Unknown union {union!r} of the class maps; accepted are {", ".join(UNIONS)}.')
    grid = maps.get('trans', next(iter(maps.values()))).shape[-2:]
    aligned = [m.float() if m.shape[-2:] == grid else
               F.interpolate(m.float(), size=grid, mode='bilinear', align_corners=False)
               for m in maps.values()]
    if union in ('conv', 'trans'):
        if union not in maps:
            raise ValueError(f'union={union!r}, but the class maps are those of {", ".join(maps)}; name one.')
        return aligned[list(maps).index(union)]
    return torch.stack(aligned).amax(0) if union == 'max' else torch.stack(aligned).sum(0)


def localization_map(maps: Dict[str, Tensor], propagator: Optional[AttentionPropagator] = None,
                     union: str = 'max') -> Tensor:
    """``A (M_T u M_C)``, Eq. (2), before any normalisation.

    Args:
        maps: class maps (B, K, h, w) of each branch, from ``WeakLabelHead.class_maps``.
        propagator: holds the attention of the same forward pass; None: the union itself.

    Returns:
        (B, K, h, w), float32, unbounded: higher is more manipulated.
    """
    united = unite(maps, union)
    if propagator is None or not propagator.blocks:
        return united
    return propagator.propagate(united)
