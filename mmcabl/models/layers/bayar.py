"""The constrained convolution of Bayar and Stamm: filters that learn to predict a pixel from its neighbours."""

from typing import Any

import torch
from torch import Tensor, nn

from mmcabl.registry import MODELS


@MODELS.register_module()
class BayarConv2d(nn.Conv2d):
    r"""Convolution whose kernels are prediction errors (Bayar and Stamm, TIFS 2018).

    In each plane :math:`w^{(o, i)}` of the kernel, of output channel o and input channel i,

    .. math::
        w^{(o,i)}_{0,0} = -1, \qquad \sum_{(r,c) \neq (0,0)} w^{(o,i)}_{r,c} = 1,

    (0, 0) being the centre; so a constant image gives 0 (without padding) and what remains is what the neighbours do
    not predict. As in their algorithm 1 the constraint is a projection and no part of the gradient: the kernel
    is projected before each use, and the free entries get the projected kernel's gradient as it is.

    Args:
        in_channels, out_channels: as of ``torch.nn.Conv2d``.
        kernel_size: one odd number, at least 3.
        **kwargs: ``stride``, ``padding``, ``dilation``, ``padding_mode``, ... of ``torch.nn.Conv2d``; no bias.

    ``weight`` (out, in, k, k) is rescaled in place by a forward pass in training; in evaluation it is only read. To
    project twice is to project once, so a state dict may hold kernels before or after. Kernels that are stored as
    (a, b, k * k - 1), the centre left out, are brought to this shape by :meth:`from_neighbours`.

    Raises:
        ValueError: an even kernel, one of a single entry, a bias.
    """

    centre: Tensor

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 5, **kwargs: Any) -> None:
        if not isinstance(kernel_size, int) or kernel_size < 3 or kernel_size % 2 == 0:
            raise ValueError(f'kernel_size of BayarConv2d is {kernel_size!r}; accepted are odd numbers from 3.')
        if kwargs.setdefault('bias', False):
            raise ValueError('bias of BayarConv2d is True; a prediction error has none, leave it out.')
        super().__init__(in_channels, out_channels, kernel_size, **kwargs)
        centre = torch.zeros(kernel_size, kernel_size, dtype=torch.bool)
        centre[kernel_size // 2, kernel_size // 2] = True
        self.register_buffer('centre', centre, persistent=False)

    def reset_parameters(self) -> None:
        """Neighbours uniform in [0, 1): planes whose sums are far from 0, by which they are divided."""
        nn.init.uniform_(self.weight)

    @torch.no_grad()
    def constrained_weight(self) -> Tensor:
        """The kernel (out, in, k, k) that the convolution uses; a plane that sums to exactly 0 is not divided."""
        neighbours = self.weight.masked_fill(self.centre, 0)
        total = neighbours.sum((2, 3), keepdim=True)
        return (neighbours / total.where(total != 0, torch.ones_like(total))).masked_fill(self.centre, -1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H', W')."""
        kernel = self.constrained_weight()
        if self.training:
            with torch.no_grad():
                self.weight.copy_(kernel)
            kernel = kernel + (self.weight - self.weight.detach()).masked_fill(self.centre, 0)
        return self._conv_forward(x, kernel, None)

    @staticmethod
    def from_neighbours(kernel: Tensor) -> Tensor:
        """Kernels without centres (a, b, k * k - 1), row by row, as ``weight`` (a, b, k, k).

        MVSS-Net stores (in 1, out, 24) and reads its memory as (out, in 1, 25); WSCL stores (3, 3, 24), whose first
        axis its convolution takes as the output channel. So ``from_neighbours(kernel)``, reshaped to ``weight``'s
        shape, is right for both.

        Raises:
            ValueError: another shape.
        """
        side = round((kernel.shape[-1] + 1) ** 0.5) if kernel.dim() == 3 else 0
        if side < 3 or side % 2 == 0 or side * side != kernel.shape[-1] + 1:
            raise ValueError(f'A Bayar kernel without centres has shape {tuple(kernel.shape)}; '
                             'accepted is (a, b, k * k - 1) with k odd, from 3.')
        half = kernel.shape[-1] // 2
        full = torch.cat([kernel[..., :half], -torch.ones_like(kernel[..., :1]), kernel[..., half:]], -1)
        return full.reshape(*kernel.shape[:2], side, side)
