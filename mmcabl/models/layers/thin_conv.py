import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.fused import autocasts

#: Up to so many channels out, a product and a sum of what is shifted take a CPU less time than its convolution.
MOST = 8


class ThinConv2d(nn.Conv2d):
    """A convolution with a stride of 1 to few channels, padded to the same size.

    From 1,024 channels to one, oneDNN's runs at a twentieth of a matrix product's speed. Here, on a CPU and without a
    gradient, each position is multiplied by all of the kernel at once, and the products are summed where they belong.
    Elsewhere, and while a tracer watches, it is the convolution itself; the same numbers up to round-off.

    Args:
        in_channels, out_channels: of the convolution.
        kernel_size: a side; where it is even, the map grows by one, as of ``nn.Conv2d(padding=kernel_size // 2)``.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor, with_bias: bool = True) -> Tensor:
        """(B, C, H, W) to (B, K, H, W)."""
        bias = self.bias if with_bias else None
        if not self._is_thin(x):
            return self._conv_forward(x, self.weight, bias)
        kernel = self.weight.flip(2, 3).flatten(2).transpose(1, 2).flatten(0, 1).contiguous()
        products = F.linear(x.permute(0, 2, 3, 1), kernel).flatten(1, 2).transpose(1, 2)
        found = F.fold(products, x.shape[-2:], self.kernel_size, padding=self.padding)
        return found if bias is None else found + bias[:, None, None]

    def _is_thin(self, x: Tensor) -> bool:
        tracing = torch.jit.is_tracing() or getattr(torch.compiler, 'is_compiling', lambda: False)()
        return (x.device.type == 'cpu' and x.dtype == torch.float32 and x.numel() > 0 and self.out_channels <= MOST
                and self.kernel_size[0] % 2 == 1 and not (torch.is_grad_enabled() or autocasts() or tracing))
