"""What attention does to a map in Eq. (2), block by block: how even its rows are, and what is left of the map."""

from math import log
from typing import Dict, List

import torch
from torch import Tensor

from mmcabl.models.localizers.attention import AttentionPropagator

#: A map whose spread is below this part of its size is constant but for rounding.
CONSTANT = 1e-6


def row_entropy(attention: Tensor) -> Tensor:
    """Mean entropy of the rows of (..., N, N) over log N, (...): 1 is uniform, 0 looks at one token.

    Raises:
        ValueError: a single token, whose attention has no entropy to compare with.
    """
    if attention.size(-1) < 2:
        raise ValueError(f'Attention of shape {tuple(attention.shape)} was given; entropy needs two tokens or more.')
    return torch.special.entr(attention.double()).sum(-1).mean(-1) / log(attention.size(-1))


def correlation(one: Tensor, other: Tensor) -> float:
    """Pearson's, of two maps of one shape; NaN where either is constant."""
    a, b = (x.double().flatten() for x in (one, other))
    if any(float(x.std(unbiased=False)) <= CONSTANT * float(x.abs().max()) for x in (a, b)):
        return float('nan')
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (a.norm() * b.norm()))


class AttentionStatistics(AttentionPropagator):
    """Keeps each block's attention of one image, averaged over heads; enter it as any propagator.

    Of the class token's row and column, as of every row, the entropy counts; ``A M`` is that of the patch tokens, as
    in Eq. (2). N x N numbers a block: for images of up to about a megapixel.
    """

    def __init__(self) -> None:
        super().__init__()
        self._matrices: List[Tensor] = []
        self._entropies: List[float] = []

    def _attend(self, query, key, value, dropout_p=0.):
        if len(query) != 1:
            raise ValueError(f'A batch of {len(query)} images was given; attention is measured on one at a time.')
        weights = torch.softmax(query @ key.transpose(-2, -1) * query.size(-1) ** -0.5, dim=-1)
        self._matrices.append(weights[0].mean(0))
        self._entropies.append(float(row_entropy(weights[0]).mean()))
        self.blocks, self.tokens = len(self._matrices), query.size(-2)
        return weights @ value

    def _average(self, maps):
        return torch.stack(self._matrices).mean(0) @ maps

    def measure(self, united: Tensor) -> List[Dict[str, float]]:
        """One row for each block and, last, one for the average over blocks, which Eq. (2) applies.

        Args:
            united: (1, 1, h, w), ``M_T u M_C`` of the image.

        Returns:
            ``entropy`` (see :func:`row_entropy`; of the average matrix in the last row), ``correlation`` of ``A M``
            with ``M``, ``spread``: standard deviation of ``A M`` over that of ``M``, NaN where ``M`` is constant.
        """
        if not self.blocks:
            raise RuntimeError('No attention was recorded: run the backbone inside first.')
        flat = united.double().flatten()
        matrices = [*self._matrices, torch.stack(self._matrices).mean(0)]
        entropies = [*self._entropies, float(row_entropy(matrices[-1]))]
        first = self.tokens - len(flat)
        return [dict(entropy=entropy, **_effect(matrix[first:, first:].double(), flat))
                for matrix, entropy in zip(matrices, entropies)]


def _effect(matrix: Tensor, flat: Tensor) -> Dict[str, float]:
    moved, spread = matrix @ flat, float(flat.std(unbiased=False))
    left = float(moved.std(unbiased=False)) / spread if spread else float('nan')
    return dict(correlation=correlation(moved, flat), spread=left)
