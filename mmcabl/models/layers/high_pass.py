"""Fixed high-pass filters beside an image: what is left of it once its content is predicted away."""

from typing import Optional, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmcabl.registry import MODELS

#: The three kernels of the spatial rich model that forensic networks use most, and their divisors.
HIGH_PASS_KERNELS = {
    'second': ([[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, -2, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]], 2),
    'square3': ([[0, 0, 0, 0, 0], [0, -1, 2, -1, 0], [0, 2, -4, 2, 0], [0, -1, 2, -1, 0], [0, 0, 0, 0, 0]], 4),
    'square5': ([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2],
                 [-1, 2, -2, 2, -1]], 12),
}


@MODELS.register_module()
class HighPass(BaseModule):
    """An image and its residuals under fixed high-pass filters, bounded by ``tanh(residual / scale)``.

    (B, C, H, W) to (B, C + number of kernels, H, W): the image first, then each kernel's residual of the mean of its
    channels. No parameters; the border is mirrored, so a frame is no residual. Not the paper's: an option of ours for
    networks that start from nothing.

    Args:
        kernels: of :data:`HIGH_PASS_KERNELS`, each 0 on a constant and on a ramp.
        scale: of the residuals, in units of the input: 0.1 is about 6 grey levels after ImageNet's normalisation.
        init_cfg: accepted for the config system; there is nothing to initialise.

    Raises:
        ValueError: an unknown kernel, none, or a scale that is not positive.
    """

    def __init__(self, kernels: Sequence[str] = tuple(HIGH_PASS_KERNELS), scale: float = 0.1,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        unknown = sorted(set(kernels) - set(HIGH_PASS_KERNELS))
        if unknown or not kernels:
            raise ValueError(f'HighPass was given the kernels {list(kernels)!r}; accepted are one or more of '
                             f'{", ".join(HIGH_PASS_KERNELS)}.')
        if scale <= 0:
            raise ValueError(f'HighPass was given scale={scale}; it accepts positive numbers.')
        self.kernels, self.scale = tuple(kernels), scale
        weight = torch.stack([torch.tensor(HIGH_PASS_KERNELS[k][0]) / HIGH_PASS_KERNELS[k][1] for k in kernels])
        self.register_buffer('weight', weight[:, None], persistent=False)

    def channels(self, count: int) -> int:
        """Channels out for ``count`` in."""
        return count + len(self.kernels)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        grey = F.pad(x.mean(1, keepdim=True), (2, 2, 2, 2), mode='reflect')
        residuals = (F.conv2d(grey, self.weight.to(x.dtype)) / self.scale).tanh()
        return torch.cat([x, residuals.contiguous(memory_format=_layout(x))], dim=1)


def _layout(x: Tensor) -> torch.memory_format:
    last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if last else torch.contiguous_format
