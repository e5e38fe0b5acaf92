"""Edge operators: how strongly each channel of a feature map changes at each position."""

from typing import Dict, Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

#: Smoothing weights across the derivative [-1, 0, 1], for the operators that are separable.
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


def _gradient(padded: Tensor, weights: Tuple[float, float, float]) -> Tuple[Tensor, Tensor]:
    """Horizontal and vertical derivative of a map that is padded by one on each side.

    The kernels are separable: a difference one way, a weighted sum the other. Slices of the padded map
    do that in place of two depthwise convolutions, which are slower on every CPU layout we measured.
    """
    outer, inner = weights[0], weights[1]
    dx = padded[..., 2:] - padded[..., :-2]
    gx = (dx[..., :-2, :] + dx[..., 2:, :]) * outer + dx[..., 1:-1, :] * inner
    dy = padded[..., 2:, :] - padded[..., :-2, :]
    gy = (dy[..., :-2] + dy[..., 2:]) * outer + dy[..., 1:-1] * inner
    return gx, gy


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
        (B, C, H, W), same type, >= 0, and exactly 0 where ``x`` is constant to round-off. Its gradient
        is 0 there, never NaN.
    """
    _choice(operator, OPERATORS, 'edge operator')
    padded = F.pad(x, (1, 1, 1, 1), mode='replicate')
    if operator == 'laplacian':
        return (padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1] + padded[..., 1:-1, :-2]
                + padded[..., 1:-1, 2:] - 4 * x).abs()
    weights = SMOOTHING[operator]
    gx, gy = _gradient(padded, weights)
    # The square root has an infinite slope at 0; below `tiny` clamp passes no gradient at all.
    tiny = torch.finfo(x.dtype).tiny
    return (gx.square() + gy.square()).clamp(min=tiny).sqrt() / (2 * weights[0] + weights[1])


def normalize_edges(edges: Tensor, norm: str = 'tanh') -> Tensor:
    """Bound an edge magnitude, without parameters (the paper gives no normalisation: our reading).

    Args:
        edges: (B, C, H, W), >= 0.
        norm: ``tanh``: tanh(E), local, so a crop gives the crop of the response; ``max``: E / max(E);
            ``mean``: E / (E + mean(E)); ``sigmoid``: sigmoid of E standardised, as MVSS-Net's Sobel
            branch with an instance norm; ``none``: E itself, unbounded. Maximum, mean and standard
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
