"""PAMR: masks that follow the image's colours, by averaging over like neighbours."""

from typing import Iterator, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmcabl.registry import MODELS


def neighbours(x: Tensor, dilations: Sequence[int]) -> Iterator[Tensor]:
    """The map moved to each of the 8 neighbours at each distance; the border is replicated. (B, C, H, W) each."""
    height, width = x.shape[-2:]
    for d in dilations:
        padded = F.pad(x, (d, d, d, d), mode='replicate')
        for row in (0, d, 2 * d):
            for column in (0, d, 2 * d):
                if (row, column) != (d, d):
                    yield padded[..., row:row + height, column:column + width]


@MODELS.register_module()
class PAMR(BaseModule):
    r"""Pixel-adaptive mask refinement (Araslanov and Roth, CVPR 2020); nothing in it learns.

    .. math::
        m_{i} \leftarrow \sum_{j \in N(i)} \alpha_{ij} m_{j}, \qquad
        \alpha_{i\cdot} = \mathrm{softmax}_{j \in N(i)}
            \left(\frac{1}{3} \sum_c \frac{-|x_{ci} - x_{cj}|}{10^{-8} + 0.1\,\sigma_{ci}}\right)

    N(i): the 8 neighbours at each distance; sigma: unbiased standard deviation of a channel over these and the pixel
    itself, which counts once a distance. Where the image is constant all neighbours weigh the same.

    Args:
        iterations: how often masks are averaged.
        dilations: distances of the neighbours, in px of the image that is given.
    """

    def __init__(self, iterations: int = 10, dilations: Sequence[int] = (1, 2, 4, 8, 12, 24)) -> None:
        super().__init__()
        if iterations < 0 or not dilations or min(dilations) < 1:
            raise ValueError(f'PAMR was given iterations={iterations}, dilations={dilations}; accepted are 0 and '
                             'more, and distances from 1 px.')
        self.iterations, self.dilations = iterations, tuple(dilations)

    def affinity(self, image: Tensor) -> Tensor:
        """Weights (B, 8 * distances, H, W), sum 1, of an image (B, C, H, W), any range."""
        rings = len(self.dilations)
        count = 9 * rings
        mean = (sum(neighbours(image, self.dilations)) + rings * image) / count
        spread = sum((x - mean).square() for x in neighbours(image, self.dilations)) + rings * (image - mean).square()
        scale = 1e-8 + 0.1 * (spread / (count - 1)).sqrt()
        unlike = [((image - x).abs() / scale).mean(1) for x in neighbours(image, self.dilations)]
        return torch.stack(unlike, 1).neg_().softmax(1)

    @torch.no_grad()
    def forward(self, image: Tensor, masks: Tensor) -> Tensor:
        """Refined masks (B, K, H, W).

        Args:
            image: (B, C, H, W), any range, not normalised by channel.
            masks: (B, K, h, w); brought to the image's size first (bilinear, corners aligned).
        """
        masks = F.interpolate(masks, size=image.shape[-2:], mode='bilinear', align_corners=True)
        weights = self.affinity(image)
        for _ in range(self.iterations):
            refined = torch.zeros_like(masks)
            for weight, moved in zip(weights.unbind(1), neighbours(masks, self.dilations)):
                refined.addcmul_(weight[:, None], moved)
            masks = refined
        return masks

    def extra_repr(self) -> str:
        return f'iterations={self.iterations}, dilations={self.dilations}'
