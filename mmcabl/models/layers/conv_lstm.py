"""Recurrent convolutions: a sequence of feature maps in, the last state out."""

from typing import Any, Iterable, Optional, Tuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.registry import MODELS


def hard_sigmoid(x: Tensor) -> Tensor:
    """Keras's piecewise linear sigmoid, ``clip(0.2 x + 0.5, 0, 1)``; PyTorch's has the slope 1/6."""
    return (0.2 * x + 0.5).clamp(0, 1)


class RecurrentConv2d(BaseModule):
    """What the two have in common: one layer, states of the input's size, the first of which are 0.

    Args:
        in_channels: of each map of the sequence.
        hidden_channels: of the state.
        kernel_size: odd.
        init_cfg: as of any mmengine module.
    """

    def __init__(self, in_channels: int, hidden_channels: int, kernel_size: int = 7,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if kernel_size % 2 == 0:
            raise ValueError(f'kernel_size of {type(self).__name__} is {kernel_size}; accepted are odd numbers.')
        self.in_channels, self.hidden_channels, self.kernel_size = in_channels, hidden_channels, kernel_size

    def convolution(self, maps: int) -> nn.Conv2d:
        """A convolution of input and state, in this order; Glorot's weights, no bias at first."""
        conv = nn.Conv2d(self.in_channels + self.hidden_channels, maps, self.kernel_size,
                         padding=self.kernel_size // 2)
        nn.init.xavier_uniform_(conv.weight)
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
        return conv

    def convolve(self, conv: nn.Conv2d, x: Tensor, state: Optional[Tensor]) -> Tensor:
        """``conv`` of the input and the state; None is a state of zeros, whose part is left out."""
        if state is None:
            return F.conv2d(x, conv.weight[:, :self.in_channels], conv.bias, padding=conv.padding)
        return conv(torch.cat([x, state], 1))

    def forward(self, sequence: Iterable[Tensor]) -> Tensor:
        """The state after the last map.

        Args:
            sequence: (B, in_channels, H, W) each; a generator's maps are not kept.

        Returns:
            (B, hidden_channels, H, W).

        Raises:
            ValueError: an empty sequence.
        """
        state: Optional[Tuple[Tensor, ...]] = None
        for x in sequence:
            state = self.step(x, state)
        if state is None:
            raise ValueError(f'The sequence that {type(self).__name__} was given is empty; one map is needed.')
        return state[0]

    def step(self, x: Tensor, state: Optional[Tuple[Tensor, ...]]) -> Tuple[Tensor, ...]:
        """The states after one more map, the visible one first."""
        raise NotImplementedError


@MODELS.register_module()
class ConvLSTM2d(RecurrentConv2d):
    r"""Convolutional LSTM (Shi et al. 2015) without peepholes, as Keras's ``ConvLSTM2D``.

    With s = :func:`hard_sigmoid`, [,] the channels of both,

    .. math::
        i, f, g, o = W * [x_t, h_{t-1}] + b, \quad c_t = s(f)\,c_{t-1} + s(i) \tanh(g), \quad h_t = s(o) \tanh(c_t)

    ``conv.weight`` is (4 hidden, in + hidden, k, k) in the order i, f, g, o; the forget gates' bias begins at 1.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conv = self.convolution(4 * self.hidden_channels)
        if self.conv.bias is not None:
            nn.init.ones_(self.conv.bias.data[self.hidden_channels:2 * self.hidden_channels])

    def step(self, x: Tensor, state: Optional[Tuple[Tensor, ...]]) -> Tuple[Tensor, ...]:
        hidden, cell = state or (None, None)
        i, f, g, o = self.convolve(self.conv, x, hidden).chunk(4, 1)
        new = hard_sigmoid(i) * g.tanh()
        cell = new if cell is None else hard_sigmoid(f) * cell + new
        return hard_sigmoid(o) * cell.tanh(), cell


@MODELS.register_module()
class ConvGRU2d(RecurrentConv2d):
    r"""Convolutional GRU (Ballas et al. 2016).

    With s = :func:`hard_sigmoid`,

    .. math::
        r, u = W * [x_t, h_{t-1}] + b, \quad c = \tanh(W_c * [x_t, s(r)\,h_{t-1}] + b_c), \quad
        h_t = (1 - s(u))\,h_{t-1} + s(u)\,c

    ``gates.weight`` is (2 hidden, in + hidden, k, k) in the order r, u; ``candidate.weight`` (hidden, in + hidden,
    k, k).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gates = self.convolution(2 * self.hidden_channels)
        self.candidate = self.convolution(self.hidden_channels)

    def step(self, x: Tensor, state: Optional[Tuple[Tensor, ...]]) -> Tuple[Tensor, ...]:
        hidden = state[0] if state else None
        reset, update = (hard_sigmoid(part) for part in self.convolve(self.gates, x, hidden).chunk(2, 1))
        candidate = self.convolve(self.candidate, x, None if hidden is None else reset * hidden).tanh()
        return (update * candidate if hidden is None else (1 - update) * hidden + update * candidate,)
