"""Edge operators: how strongly each channel of a feature map changes at each position."""

from typing import Dict, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
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


class _Gradient(torch.autograd.Function):
    """Horizontal and vertical derivative of (B, C, H, W), borders replicated.

    The kernels are separable: a difference one way, a weighted sum the other. Slices do that in place of
    two depthwise convolutions, which are slower on a CPU. The gradient is written out because autograd
    would allocate a full map of zeros for every slice.
    """

    @staticmethod
    def forward(ctx, x: Tensor, outer: float, inner: float) -> Tuple[Tensor, Tensor]:
        ctx.weights = outer, inner
        padded = F.pad(x, (1, 1, 1, 1), mode='replicate')
        dx = padded[..., 2:] - padded[..., :-2]
        gx = (dx[..., :-2, :] + dx[..., 2:, :]).mul_(outer).add_(dx[..., 1:-1, :], alpha=inner)
        dy = padded[..., 2:, :] - padded[..., :-2, :]
        gy = (dy[..., :-2] + dy[..., 2:]).mul_(outer).add_(dy[..., 1:-1], alpha=inner)
        return gx, gy

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_x: Tensor, grad_y: Tensor):
        outer, inner = ctx.weights
        # Each line is the adjoint of one line above, in reverse order.
        dy = F.pad(grad_y, (0, 2)).add_(F.pad(grad_y, (2, 0))).mul_(outer)
        dy[..., 1:-1].add_(grad_y, alpha=inner)
        dx = F.pad(grad_x, (0, 0, 0, 2)).add_(F.pad(grad_x, (0, 0, 2, 0))).mul_(outer)
        dx[..., 1:-1, :].add_(grad_x, alpha=inner)
        padded = F.pad(dx, (2, 0))
        padded[..., :-2].sub_(dx)
        padded[..., 2:, :].add_(dy)
        padded[..., :-2, :].sub_(dy)
        padded[..., 1, :].add_(padded[..., 0, :])
        padded[..., -2, :].add_(padded[..., -1, :])
        padded[..., 1].add_(padded[..., 0])
        padded[..., -2].add_(padded[..., -1])
        return padded[..., 1:-1, 1:-1], None, None


class _Length(torch.autograd.Function):
    """sqrt(gx^2 + gy^2), whose gradient at (0, 0) is 0 and not NaN."""

    @staticmethod
    def forward(ctx, gx: Tensor, gy: Tensor) -> Tensor:
        length = (gx * gx).addcmul_(gy, gy).sqrt_()
        ctx.save_for_backward(gx, gy, length)
        return length

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> Tuple[Tensor, Tensor]:
        gx, gy, length = ctx.saved_tensors
        slope = grad / length.clamp(min=torch.finfo(length.dtype).tiny)
        return gx * slope, gy * slope


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
    if operator == 'laplacian':
        padded = F.pad(x, (1, 1, 1, 1), mode='replicate')
        return (padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1] + padded[..., 1:-1, :-2]
                + padded[..., 1:-1, 2:] - 4 * x).abs()
    outer, inner, _ = SMOOTHING[operator]
    scale = 2 * outer + inner
    gx, gy = _Gradient.apply(x, outer / scale, inner / scale)
    return _Length.apply(gx, gy)


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
