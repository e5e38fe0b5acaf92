"""How an image is shown to a network in testing: in tiles, or at several scales."""

from math import ceil
from typing import Callable, Iterator, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmcabl.registry import MODELS

#: Images (1, 3, H, W) -> score (1,), map (1, 1, H, W), both in [0, 1].
Network = Callable[[Tensor], Tuple[Tensor, Tensor]]


def tile_starts(size: int, tile: int, stride: int) -> Iterator[int]:
    """Where tiles begin along a side; the last ends with it."""
    steps = max(0, ceil((size - tile) / stride)) + 1
    return (max(0, min(i * stride, size - tile)) for i in range(steps))


@MODELS.register_module()
class TiledInference:
    """The whole image where it fits into a tile, otherwise the mean of overlapping tiles: WSCL's test.

    Tiles are squares; where an image is narrower, they are filled with zeros, the mean colour. The score of an image
    in tiles is the maximum of its map, of another it is the network's own.

    Args:
        tile_size: in px.
        overlap: of neighbouring tiles, part of a tile.
    """

    def __init__(self, tile_size: int = 1024, overlap: float = 0.1) -> None:
        if tile_size < 1 or not 0 <= overlap < 1:
            raise ValueError(f'TiledInference was given tile_size={tile_size}, overlap={overlap}; it accepts 1 px '
                             'and more, and 0 <= overlap < 1.')
        self.tile_size, self.stride = tile_size, ceil(tile_size * (1 - overlap))

    def __call__(self, network: Network, image: Tensor) -> Tuple[Tensor, Tensor]:
        """Score () and map (H, W) of a normalised image (1, 3, H, W)."""
        height, width = image.shape[-2:]
        tile = self.tile_size
        if max(height, width) <= tile:
            score, found = network(image)
            return score[0], found[0, 0]
        total, times = image.new_zeros(2, height, width)
        for top in tile_starts(height, tile, self.stride):
            for left in tile_starts(width, tile, self.stride):
                part = image[..., top:top + tile, left:left + tile]
                inside = part.shape[-2:]
                part = F.pad(part, (0, tile - inside[1], 0, tile - inside[0]))
                here = (slice(top, top + inside[0]), slice(left, left + inside[1]))
                total[here] += network(part)[1][0, 0, :inside[0], :inside[1]]
                times[here] += 1
        found = total / times
        return found.max(), found


@MODELS.register_module()
class ScaledInference:
    """The mean map over scales and mirror images: Araslanov and Roth's test.

    Args:
        scales: factors of the image's sides.
        flip: also show the mirror images.
        max_side: images of a longer side, in px, are shrunk to it first; None: none is. The paper's images have
            at most 500.
        background_power: the background's probability is raised to this power before the classes are compared, which
            favours what is manipulated: m becomes m / (m + (1 - m)^power), more than 0.5 where it wins. Theirs: 3.
        least_score: an image of this score or less has an empty map. None: no image has.
        score: over the scales, ``max`` (theirs) or ``mean``.
    """

    def __init__(self, scales: Sequence[float] = (1.,), flip: bool = False, max_side: Optional[int] = None,
                 background_power: float = 1., least_score: Optional[float] = None, score: str = 'max') -> None:
        if score not in ('max', 'mean'):
            raise ValueError(f'Unknown score {score!r} of ScaledInference; accepted are max, mean.')
        if not scales or min(scales) <= 0 or background_power <= 0 or (max_side is not None and max_side < 1):
            raise ValueError(f'ScaledInference was given scales={scales}, background_power={background_power}, '
                             f'max_side={max_side}; it accepts numbers more than 0.')
        self.scales, self.flip, self.max_side = tuple(scales), flip, max_side
        self.background_power, self.least_score, self.score = background_power, least_score, score

    def __call__(self, network: Network, image: Tensor) -> Tuple[Tensor, Tensor]:
        """Score () and map (H, W) of a normalised image (1, 3, H, W)."""
        size = tuple(image.shape[-2:])
        factor = 1. if self.max_side is None else min(1., self.max_side / max(size))
        maps, scores = [], []
        for scale in self.scales:
            to = tuple(max(1, round(side * factor * scale)) for side in size)
            shown = image if to == size else F.interpolate(image, size=to, mode='bilinear', align_corners=False)
            for mirrored in ((False, True) if self.flip else (False,)):
                score, found = network(shown.flip(-1) if mirrored else shown)
                found = F.interpolate(found, size=size, mode='bilinear', align_corners=False)
                maps.append(found.flip(-1) if mirrored else found)
                scores.append(score[0])
        score, mean = getattr(torch.stack(scores), self.score)(), torch.stack(maps).mean(0)[0, 0]
        mean = mean / (mean + (1 - mean).clamp(min=0) ** self.background_power).clamp(min=1e-12)
        return score, mean if self.least_score is None else mean * (score > self.least_score)
