from typing import Callable, Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from mmcabl.models.layers.edge import (
    NORMS,
    OPERATORS,
    _choice,
    edge_magnitude,
    normalize_edges,
)
from mmcabl.registry import MODELS

#: Whether torch.compile is tracing, in which case its compiler fuses the plain form (torch 2.1 cannot tell).
_is_compiling = getattr(torch.compiler, 'is_compiling', lambda: False)
STRUCTURES = ('i', 'ii', 'iii')
#: Elements of a map that are worked on at a time on a CPU: its dozen passes then stay in the cache.
CPU_CHUNK = 1 << 20


def _chunked(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``function`` over chunks of a map, without a gradient; images and channels do not depend on each other."""
    if x.device.type != 'cpu' or x.numel() <= CPU_CHUNK:
        return function(x)
    batch, channels, height, width = x.shape
    images = max(1, CPU_CHUNK // (channels * height * width))
    # Channels are innermost in memory with channels_last: take at least a cache line of them.
    least = 1 if x.is_contiguous() else 16
    group = max(least, CPU_CHUNK // (height * width)) if images == 1 else channels
    out = torch.empty_like(x)
    for i in range(0, batch, images):
        for c in range(0, channels, group):
            part = slice(i, i + images), slice(c, c + group)
            out[part] = function(x[part])
    return out


@MODELS.register_module()
class CABL(BaseModule):
    """Amplify boundaries in a feature map: ``F = E(X) * X + X``, Eq. (1).

    Same shape in and out, no parameters, no buffers, any number of channels. ``E`` is
    :func:`edge_magnitude` followed by :func:`normalize_edges`, per channel, in float32 whatever the type
    of ``X`` (in half precision the sum of squares would overflow).

    Args:
        operator: ``sobel`` (the paper), ``prewitt`` (its Table V), ``scharr`` or ``laplacian``.
        structure: of Table III, whose figure is lost; our reading: ``i``: ``X + E(X)``, ``ii``:
            ``E(X) * X``, ``iii``: ``E(X) * X + X`` (the final one).
        norm: how ``E`` is bounded; see :func:`normalize_edges`.
        recompute: in training, compute the inside of the layer again for the gradient instead of keeping it, by
            ``torch.utils.checkpoint``. Saves memory (plain autograd keeps six maps a layer: at 512 px and batch 8,
            5.6 GB for a Conformer-S) and costs time; by default not on a CPU. Same gradient.
        in_channels: accepted, since mmcv's plug-in layers are told it; any number will do.
        init_cfg: accepted for the config system; there is nothing to initialise.

    As mmcv's plug-in layer: ``plugins=[dict(cfg=dict(type='mmcabl.CABL'), position='after_conv3')]``.

    Raises:
        ValueError: an unknown operator, structure or norm.
    """

    _abbr_ = 'cabl'  # mmcv's name for plug-in layers of this type

    def __init__(self, operator: str = 'sobel', structure: str = 'iii', norm: str = 'tanh',
                 recompute: Optional[bool] = None, in_channels: Optional[int] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.operator = _choice(operator, OPERATORS, 'edge operator')
        self.structure = _choice(structure, STRUCTURES, 'structure')
        self.norm = _choice(norm, NORMS, 'edge normalisation')
        self.recompute = recompute

    def _respond(self, x: Tensor) -> Tensor:
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        edges = normalize_edges(edge_magnitude(wide, self.operator), self.norm)
        if self.structure == 'i':
            out = wide + edges
        elif self.structure == 'ii':
            out = edges * wide
        else:
            out = torch.addcmul(wide, edges, wide)
        return out.to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, C, H, W) to (B, C, H, W), same type."""
        recompute = x.device.type != 'cpu' if self.recompute is None else self.recompute
        with torch.autocast(x.device.type, enabled=False):
            if _is_compiling():
                return self._respond(x)
            if not (torch.is_grad_enabled() and x.requires_grad):
                return _chunked(self._respond, x)
            if recompute:
                return checkpoint(self._respond, x, use_reentrant=False, preserve_rng_state=False)
            return self._respond(x)

    def extra_repr(self) -> str:
        return f'operator={self.operator}, structure={self.structure}, norm={self.norm}'
