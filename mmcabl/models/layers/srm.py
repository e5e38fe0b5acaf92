"""Noise residuals by three kernels of the Spatial Rich Model, which see an image's noise and not its content."""

from typing import Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmcabl.registry import MODELS

#: The kernels, whose sums are 0, and their steps: second order both ways, third order square, second order in rows.
KERNELS = (
    (((0, 0, 0, 0, 0), (0, -1, 2, -1, 0), (0, 2, -4, 2, 0), (0, -1, 2, -1, 0), (0, 0, 0, 0, 0)), 4),
    (((-1, 2, -2, 2, -1), (2, -6, 8, -6, 2), (-2, 8, -12, 8, -2), (2, -6, 8, -6, 2), (-1, 2, -2, 2, -1)), 12),
    (((0, 0, 0, 0, 0), (0, 0, 0, 0, 0), (0, 1, -2, 1, 0), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)), 2),
)
BANKS = ('planes', 'sum')


def srm_kernels() -> Tensor:
    """The three kernels (3, 5, 5), float32, each divided by its quantisation step: 4, 12, 2."""
    return torch.stack([torch.tensor(rows, dtype=torch.float64) / step for rows, step in KERNELS]).float()


def srm_bank(bank: str = 'planes') -> Tensor:
    """Weights of a convolution on RGB; see :class:`SRMConv2d`.

    Returns:
        ``planes``: (9, 3, 5, 5), ``sum``: (3, 3, 5, 5).

    Raises:
        ValueError: another bank.
    """
    if bank not in BANKS:
        raise ValueError(f'Unknown bank {bank!r} of SRM kernels; accepted are {", ".join(BANKS)}.')
    kernels = srm_kernels()
    if bank == 'sum':
        return kernels[:, None].repeat(1, 3, 1, 1)
    # output 3 k + p: kernel k on plane p
    return (kernels[:, None, None] * torch.eye(3)[None, :, :, None, None]).reshape(9, 3, 5, 5)


@MODELS.register_module()
class SRMConv2d(BaseModule):
    r"""Fixed filters: three kernels of Fridrich and Kodovsky's Spatial Rich Model (2012) on the planes of an image.

    With the kernels :math:`k_1, k_2, k_3` of :data:`KERNELS`, :math:`x_p` plane p of the image,

    .. math::
        \text{planes:}\; y_{3k+p} = k_k * x_p \qquad \text{sum:}\; y_k = \sum_p k_k * x_p
        \qquad y \leftarrow \min(\max(y, -T), T)

    Args:
        bank: ``planes``, nine maps, one a kernel and plane (ManTra-Net); ``sum``, three maps, one a kernel (RGB-N,
            WSCL).
        clip: T above, in units of the input; None or 0 leaves the residuals as they are (ManTra-Net). WSCL: 5, on
            images normalised to mean 0 and deviation 1.
        padding: px on each side; 2 keeps the size, 0 expects an input that is padded already.
        padding_mode: ``zeros``, or ``reflect``, ``replicate``, ``circular`` as of ``torch.nn.functional.pad``.
        init_cfg: accepted for the config system; there is nothing to initialise.

    ``weight`` is a buffer: it is stored with the model and not trained.

    Raises:
        ValueError: an unknown bank, a negative clip.
    """

    weight: Tensor

    def __init__(self, bank: str = 'planes', clip: Optional[float] = None, padding: int = 2,
                 padding_mode: str = 'zeros', init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if clip is not None and clip < 0:
            raise ValueError(f'clip of SRMConv2d is {clip}; accepted are None and numbers of at least 0.')
        self.bank, self.clip, self.padding, self.padding_mode = bank, clip or None, padding, padding_mode
        self.register_buffer('weight', srm_bank(bank))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, 9, H, W) or (B, 3, H, W)."""
        if self.padding and self.padding_mode != 'zeros':
            x = F.conv2d(F.pad(x, [self.padding] * 4, mode=self.padding_mode), self.weight)
        else:
            x = F.conv2d(x, self.weight, padding=self.padding)
        return x if self.clip is None else x.clamp(-self.clip, self.clip)

    def extra_repr(self) -> str:
        return f'bank={self.bank}, clip={self.clip}, padding={self.padding}, padding_mode={self.padding_mode}'
