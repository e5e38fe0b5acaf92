"""Edge operators: how strongly each channel of a feature map changes at each position."""

from functools import lru_cache
from typing import Any, Dict, List, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

#: Smoothing weights across the derivative [-1, 0, 1], for the operators that are gradients.
SMOOTHING: Dict[str, Tuple[float, float, float]] = {
    'sobel': (1, 2, 1),
    'prewitt': (1, 1, 1),
    'scharr': (3, 10, 3),
}
OPERATORS = (*SMOOTHING, 'laplacian')
NORMS = ('tanh', 'max', 'mean', 'sigmoid', 'none')


def _choice(value: str, accepted: Tuple[str, ...], what: str) -> str:
    if value not in accepted:
        raise ValueError(f'Unknown {what} {value!r} for CABL; accepted are {", ".join(accepted)}.')
    return value


@lru_cache(maxsize=64)
def _kernels(operator: str, channels: int, dtype: torch.dtype, device: torch.device,
             scale: float = 1.) -> List[Tensor]:
    """Depthwise kernels (C, 1, 3, 3): horizontal and vertical derivative, or the Laplacian, times ``scale``."""
    with torch.inference_mode(False):  # cached tensors have to serve training too
        if operator == 'laplacian':
            kernels = [torch.tensor([[0., 1, 0], [1, -4, 1], [0, 1, 0]])]
        else:
            smooth = torch.tensor(SMOOTHING[operator])
            horizontal = smooth[:, None] * torch.tensor([-1., 0, 1]) / smooth.sum()
            kernels = [horizontal, horizontal.t()]
        return [(k * scale).to(device, dtype).expand(channels, 1, 3, 3).contiguous() for k in kernels]


class _Length(torch.autograd.Function):
    """sqrt(gx^2 + gy^2) with the gradient of ``torch.linalg.vector_norm``: 0 at (0, 0), whatever comes in.

    Kept because it is faster: with vector_norm, which wants both parts in one tensor, a CABL's forward and
    backward pass took 3.8 times as long (CPU time, 2 x 256 x 56 x 56, one thread).
    """

    @staticmethod
    def forward(ctx: Any, gx: Tensor, gy: Tensor) -> Tensor:
        length = (gx * gx).addcmul_(gy, gy).sqrt_()
        ctx.save_for_backward(gx, gy, length)
        return length

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tuple[Tensor, Tensor]:
        gx, gy, length = ctx.saved_tensors
        # The parts of the length are at most 1 and are formed first: grad / length can overflow, as a loss scale's
        # 65,536 does where the length is almost nothing.
        length = length.masked_fill(length == 0, torch.inf)
        return (gx / length).mul_(grad), (gy / length).mul_(grad)


def edge_magnitude(x: Tensor, operator: str = 'sobel') -> Tensor:
    """Edge strength of every channel on its own.

    Kernels are scaled so that a step of height 1 gives a magnitude of 1 with every operator (Sobel's
    weights are divided by 4, Prewitt's by 3, Scharr's by 16), so operators can be exchanged without
    changing the scale. The border is replicated: the frame of an image is no edge.

    Args:
        x: (B, C, H, W), any floating type.
        operator: one of ``sobel``, ``prewitt``, ``scharr`` (gradient magnitude) or ``laplacian``
            (absolute value of the 4-neighbour Laplacian).

    Returns:
        (B, C, H, W), same type, >= 0, and 0 to round-off where ``x`` is constant. Its gradient is never
        NaN, and 0 where the magnitude is exactly 0.
    """
    _choice(operator, OPERATORS, 'edge operator')
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x  # 256 squared is too much for float16
    padded = F.pad(wide, (1, 1, 1, 1), mode='replicate')
    parts = [F.conv2d(padded, k, groups=x.size(1))
             for k in _kernels(operator, x.size(1), wide.dtype, x.device)]
    return (parts[0].abs() if operator == 'laplacian' else _Length.apply(*parts)).to(x.dtype)


def normalize_edges(edges: Tensor, norm: str = 'tanh') -> Tensor:
    """Bound an edge magnitude, without parameters (the paper gives no normalisation: our reading).

    Args:
        edges: (B, C, H, W), >= 0.
        norm: ``tanh``: tanh(E), local, so a crop gives the crop of the response, but near 1 everywhere on a map
            whose differences are large, such as that of a stage without an activation (``benchmarks/edges.py``
            tells); ``max``: E / max(E); ``mean``: E / (E + mean(E)); ``sigmoid``: sigmoid of E standardised, as
            MVSS-Net's Sobel branch with an instance norm; ``none``: E itself, unbounded. Maximum, mean and standard
            deviation are those of one channel of one image, so a batch is no more than its images.

    Returns:
        (B, C, H, W) in [0, 1] (``none``: in [0, inf)).
    """
    _choice(norm, NORMS, 'edge normalisation')
    tiny = 1e-6
    if norm == 'tanh':
        return edges.tanh()
    if norm == 'max':
        return edges / edges.amax((-2, -1), keepdim=True).clamp(min=tiny)
    if norm == 'mean':
        return edges / (edges + edges.mean((-2, -1), keepdim=True)).clamp(min=tiny)
    if norm == 'sigmoid':
        var, mean = torch.var_mean(edges, (-2, -1), correction=0, keepdim=True)
        return ((edges - mean) * (var + tiny).rsqrt()).sigmoid()
    return edges
