from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, List, Sequence

import numpy as np

from mmcabl.structures.prompts import Prompts

if TYPE_CHECKING:
    import torch


class Refiner(ABC):
    """Turns visual prompts into masks. Subclass, register in ``mmcabl.registry.MODELS``, name in a config."""

    @abstractmethod
    def refine(self, images: Sequence[np.ndarray], prompts: Sequence[Prompts],
               kinds: Sequence[str]) -> List[List[np.ndarray]]:
        """Masks for each image and each prompt kind.

        Args:
            images: (H, W, 3) uint8 RGB, of any sizes.
            prompts: one for each image; each has a box.
            kinds: of ``point``, ``box``, ``box_point``.

        Returns:
            For each image a list with one (H, W) bool mask for each kind, in the order of ``kinds``.
        """

    def to(self, device: 'torch.device') -> 'Refiner':
        """Compute beside the model that is served, on ``device``; returns self. Refiners without weights stay."""
        return self
