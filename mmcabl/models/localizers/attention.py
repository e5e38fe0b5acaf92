"""Eq. (2)'s average attention, applied to a map without ever keeping the stack of attention matrices.

Two options are ours, for attention that has not learnt where to look: a residual, and a choice of blocks.
"""

from abc import ABC, abstractmethod
from typing import List, Tuple

import torch
from mmpretrain.models.utils import MultiheadAttention
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle

from mmcabl.models.backbones.blocks import Blocks, parse_blocks
from mmcabl.models.layers.fused import applies, linear
from mmcabl.models.localizers.attention_mode import AttentionBy

#: Rows of an attention matrix in work at a time: those of one head stay in a CPU's cache.
ROWS = 256
#: On a CPU the running average is faster (``benchmarks/cam.py``) while its matrix is affordable.
RUNNING_MAX_TOKENS = 4096
#: From here on oneDNN's float32 products are faster than torch's own: 5 to 10 % of attention at 2,305 tokens.
ONEDNN_MIN_TOKENS = 1024


class AttentionPropagator(ABC):
    """Computes the attention of every ``MultiheadAttention`` of a backbone while entered, then propagates maps.

    No module is changed: hooks begin a ``TorchFunctionMode`` before each attention layer and end it behind.

    Args:
        residual: r of ``(A + r I) M / (1 + r)``; 0 is Eq. (2).
        blocks: whose attention is averaged, numbered from 1: ``'all'`` (Eq. (2)), ``'3'``, ``'2-3'``, ``[1, 3]``.
    """

    def __init__(self, residual: float = 0., blocks: Blocks = 'all') -> None:
        self.residual, self.chosen, self._seen = residual, blocks, 0
        self._hooks: List[RemovableHandle] = []
        self.blocks = 0

    def attach(self, backbone: nn.Module) -> 'AttentionPropagator':
        """Choose the backbone; returns self, for ``with propagator.attach(backbone): ...``."""
        self._layers = [m for m in backbone.modules() if isinstance(m, MultiheadAttention)]
        self._kept = parse_blocks(self.chosen, len(self._layers), 'attention_blocks')
        return self

    def __enter__(self) -> 'AttentionPropagator':
        self._seen = 0
        mode = AttentionBy(self._record)
        for layer in self._layers:
            self._hooks += [layer.register_forward_pre_hook(mode.begin),
                            layer.register_forward_hook(mode.end, always_call=True)]
        return self

    def __exit__(self, *exc_info) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def _record(self, query: Tensor, key: Tensor, value: Tensor, dropout_p: float = 0.) -> Tensor:
        """One block's attention: recorded where the block was chosen, and otherwise computed as ever."""
        self._seen += 1
        if self._seen in self._kept:
            return self._attend(query, key, value, dropout_p)
        return F.scaled_dot_product_attention(query, key, value, dropout_p=dropout_p)

    @abstractmethod
    def _attend(self, query: Tensor, key: Tensor, value: Tensor, dropout_p: float = 0.) -> Tensor:
        """Attention of one block, (B, heads, N, d) each: same result as the fused kernel."""

    @abstractmethod
    def _average(self, maps: Tensor) -> Tensor:
        """Average attention over heads and blocks times (B, N, K), float32."""

    def propagate(self, maps: Tensor) -> Tensor:
        """``(A + r I) @ maps / (1 + r)`` with A the attention averaged over heads and blocks, patch-to-patch part.

        Args:
            maps: (B, K, h, w) class maps on the token grid. Tokens before the h * w patch tokens (the class
                token) lose their rows and columns after the softmax, as in TransCAM.

        Returns:
            (B, K, h, w), float32.
        """
        if not self.blocks:
            raise RuntimeError('No attention was recorded: run the backbone inside the propagator first.')
        flat = maps.float().flatten(2).transpose(1, 2)
        prefix = self.tokens - flat.size(1)
        if prefix < 0:
            raise ValueError(f'The map has {flat.size(1)} positions, but attention was recorded over '
                             f'{self.tokens} tokens.')
        out = self._average(F.pad(flat, (0, 0, prefix, 0)))[:, prefix:]
        out = out.transpose(1, 2).reshape(maps.shape)
        return (out + self.residual * maps.float()) / (1 + self.residual) if self.residual else out


class StoredQK(AttentionPropagator):
    """Keeps views of each block's Q and K; the fused kernel runs once more for each, with the map as its value."""

    def __init__(self, residual: float = 0., blocks: Blocks = 'all') -> None:
        super().__init__(residual, blocks)
        self._pairs: List[Tuple[Tensor, Tensor]] = []

    def _attend(self, query, key, value, dropout_p=0.):
        self._pairs.append((query, key))
        self.blocks, self.tokens = len(self._pairs), query.size(-2)
        return F.scaled_dot_product_attention(query, key, value, dropout_p=dropout_p)

    def _average(self, maps):
        width = self._pairs[0][0].size(-1)
        return torch.cat([self._average_few(part) for part in maps.split(width, dim=-1)], dim=-1)

    def _average_few(self, maps: Tensor) -> Tensor:
        """The average for at most as many maps as a head is wide, the only kind fused kernels take."""
        query, count = self._pairs[0][0], maps.size(-1)
        value = F.pad(maps, (0, query.size(-1) - count)).to(query.dtype)
        value = value[:, None].expand(-1, query.size(1), -1, -1)
        total = sum(F.scaled_dot_product_attention(q, k, value)[..., :count].float().mean(1)
                    for q, k in self._pairs)
        return total / len(self._pairs)


class RunningAverage(AttentionPropagator):
    """Adds each block's attention to one (B, N, N) matrix while computing its output, in row chunks."""

    def _attend(self, query, key, value, dropout_p=0.):
        if dropout_p:
            raise RuntimeError('Attention is recorded for evaluation only: call eval() first.')
        batch, heads, tokens, width = query.shape
        if not self.blocks:
            self.tokens = tokens
            self._sum = query.new_zeros(batch, tokens, tokens, dtype=torch.float32)
        self.blocks += 1
        # in the order of memory that the projection behind it reads
        out = query.new_empty(batch, tokens, heads, width).transpose(1, 2)
        query, value = query * width ** -0.5, value.transpose(-2, -1)
        product = F.linear
        if tokens >= ONEDNN_MIN_TOKENS and query.dtype == torch.float32 and applies(query, key):
            key, value, product = key.contiguous(), value.contiguous(), linear
        step = ROWS if query.device.type == 'cpu' else tokens
        for total, *image in zip(self._sum, query, key, value, out):
            keys, values = image[1].unbind(), image[2].unbind()
            for rows, few, to in zip(total.split(step), image[0].split(step, 1), image[3].split(step, 1)):
                for q, k, v, place in zip(few, keys, values, to):
                    weights = torch.softmax(product(q, k), dim=-1)
                    rows += weights
                    place.copy_(product(weights, v))
        self._heads = heads
        return out

    def _average(self, maps):
        return (self._sum @ maps) / (self.blocks * self._heads)


METHODS = {'stored_qk': StoredQK, 'running': RunningAverage}


def build_propagator(method: str, tokens: int, device: torch.device, residual: float = 0.,
                     blocks: Blocks = 'all') -> AttentionPropagator:
    """A propagator; ``auto`` is the faster one for a number of tokens and a device."""
    if method == 'auto':
        on_cpu = torch.device(device).type == 'cpu'
        method = 'running' if on_cpu and tokens <= RUNNING_MAX_TOKENS else 'stored_qk'
    if method not in METHODS:
        raise ValueError(f'Unknown attention method {method!r}; accepted are auto, {", ".join(METHODS)}.')
    return METHODS[method](residual, blocks)
