"""How far each feature is from the mean of its surroundings, in units of the image's deviation."""

from typing import Iterator, Optional, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.registry import MODELS


def window_mean(x: Tensor, size: int) -> Tensor:
    """Mean over windows that end at the border.

    Args:
        x: (B, C, H, W), of any size.
        size: side of the windows, odd.

    Returns:
        (B, C, H, W): means of those pixels of each window that are inside; one axis after the other, which is the
        same and costs 2 and not ``size`` times ``size``.
    """
    half = size // 2
    rows = F.avg_pool2d(x, (1, size), 1, (0, half), count_include_pad=False)
    return F.avg_pool2d(rows, (size, 1), 1, (half, 0), count_include_pad=False)


@MODELS.register_module()
class WindowDeviation(BaseModule):
    r"""The Z-scores of ManTra-Net (Wu et al. 2019), a map for each window size and one for the whole image.

    For the window w around a pixel, :math:`\mu_w` the mean there, :math:`\sigma` the deviation of the whole image, a
    channel each,

    .. math::
        z_w = \frac{|x - \mu_w|}{\max(\sigma, \max(m, 0) + \epsilon)}

    Args:
        channels: of x; m is ``min_sigma`` (1, channels, 1, 1), learnt.
        windows: sides, odd; the whole image comes last without being named.
        eps: epsilon above.
        min_sigma: what m begins with.
        init_cfg: as of any mmengine module.

    The original keeps m at 0 or above in training and its PyTorch port does not; the inner maximum is the former,
    and nothing where :math:`\sigma > \epsilon`.
    """

    def __init__(self, channels: int = 64, windows: Sequence[int] = (7, 15, 31), eps: float = 1e-6,
                 min_sigma: float = 1e-5, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if any(size % 2 == 0 for size in windows):
            raise ValueError(f'windows of WindowDeviation are {tuple(windows)}; accepted are odd numbers.')
        self.windows, self.eps = tuple(windows), eps
        self.min_sigma = nn.Parameter(torch.full((1, channels, 1, 1), float(min_sigma)))

    def forward(self, x: Tensor) -> Iterator[Tensor]:
        """(B, C, H, W) to a map (B, C, H, W) for each of ``windows`` and the whole image, >= 0; float32 of halves."""
        if x.dtype in (torch.float16, torch.bfloat16):
            x = x.float()
        variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
        # The square root's slope at 0 is infinite: a channel that is the same everywhere takes none.
        sigma = variance.clamp(min=self.eps ** 2).sqrt()
        scale = torch.maximum(sigma, self.min_sigma.clamp(min=0) + self.eps).reciprocal()
        for size in self.windows:
            yield (window_mean(x, size) - x).mul(scale).abs()
        yield (mean - x).mul(scale).abs()
