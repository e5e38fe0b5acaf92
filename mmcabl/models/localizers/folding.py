"""Inference with batch norms folded away, and in the layout that a device convolves fastest."""

from typing import List

import torch
from torch import Tensor, nn


class FoldedInference:
    """Mixed into a classifier: a folded copy of its backbone, made once between changes of weights."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._folded: List[nn.Module] = []  # a list: the copy is no submodule of this one

    def extract_feat(self, inputs: Tensor, stage: str = 'neck'):
        """As upstream, in the layout that a CPU convolves fastest."""
        return super().extract_feat(fast_layout(inputs), stage)

    def inference_backbone(self) -> nn.Module:
        """The backbone, batch norms folded where it knows how."""
        if self.training or not hasattr(self.backbone, 'folded'):
            return self.backbone
        if not self._folded:
            self._folded.append(self.backbone.folded())
        return self._folded[0]

    def train(self, mode: bool = True) -> nn.Module:
        """As ``nn.Module``; weights may change from here on, so the folded copy is dropped."""
        self._drop()
        return super().train(mode)

    def _apply(self, *args, **kwargs):
        self._drop()
        return super()._apply(*args, **kwargs)

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        self._drop()
        super()._load_from_state_dict(*args, **kwargs)

    def _drop(self) -> None:
        if '_folded' in self.__dict__:  # upstream's constructor loads weights before this one's has ended
            self._folded.clear()


def fast_layout(images: Tensor) -> Tensor:
    """Channels last on a CPU; elsewhere as they are."""
    return images.contiguous(memory_format=torch.channels_last) if images.device.type == 'cpu' else images
