"""Inference with batch norms folded away, and in the layout that a device convolves fastest."""

from typing import Any, Optional, Tuple

import torch
from torch import Tensor, nn


class FoldedInference:
    """Mixed into a classifier: a folded copy of its backbone, made once between changes of weights.

    The copy is made anew after ``load_state_dict``, ``train()`` and ``eval()``, and where the weights lie elsewhere
    or are of another type than when it was made (``.to()``, ``.half()``). mmengine puts EMA's weights in place before
    it calls ``eval()``. Who writes into a backbone's weights in evaluation mode by hand calls ``eval()`` again.
    """

    #: Where the backbone's first weight was, and the copy: a tuple, so that it is no submodule.
    _folded: Optional[Tuple[Tensor, nn.Module]] = None

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.register_load_state_dict_post_hook(_drop)

    def extract_feat(self, inputs: Tensor, stage: str = 'neck'):
        """As upstream, in the layout that a CPU convolves fastest."""
        return super().extract_feat(fast_layout(inputs), stage)

    def inference_backbone(self) -> nn.Module:
        """The backbone, batch norms folded where it knows how."""
        if self.training or not hasattr(self.backbone, 'folded'):
            return self.backbone
        weight = next(self.backbone.parameters()).detach()
        if self._folded is None or not is_same(weight, self._folded[0]):
            self._folded = weight, self.backbone.folded()
        return self._folded[1]

    def train(self, mode: bool = True) -> nn.Module:
        """As ``nn.Module``; weights may have changed, or change from here on, so the folded copy is dropped."""
        self._folded = None
        return super().train(mode)


def _drop(model: FoldedInference, *_: Any) -> None:
    model._folded = None


def is_same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are one piece of memory, read in one way."""
    return one.device == other.device and one.dtype == other.dtype and one.is_set_to(other)


def fast_layout(images: Tensor) -> Tensor:
    """Channels last on a CPU; elsewhere as they are."""
    return images.contiguous(memory_format=torch.channels_last) if images.device.type == 'cpu' else images
