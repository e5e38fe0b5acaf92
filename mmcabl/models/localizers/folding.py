from contextlib import nullcontext
from typing import Any, Optional, Tuple

import torch
from torch import Tensor, nn

from mmcabl.models.layers.cabl import CABL
from mmcabl.models.localizers.attention import AttentionPropagator
from mmcabl.models.localizers.precision import computing_in, lower, resolved
from mmcabl.utils.memory import give_back


class FoldedInference:
    """Inference by a copy of a backbone with batch norms folded away, made once between changes of weights.

    Args:
        precision: the numbers of that copy: ``float32``, ``bfloat16``, ``float16``, ``int8``, or ``auto``, see
            :func:`mmcabl.models.localizers.precision.resolved`. Heads compute in float32.
        compile: have its edge layers compiled by ``torch.compile``; needs a C++ compiler.

    The copy is made anew after ``load_state_dict``, ``train()`` and ``eval()``, and where the weights lie elsewhere
    or are of another type than when it was made (``.to()``, ``.half()``). mmengine puts EMA's weights in place before
    it calls ``eval()``. Who writes into a backbone's weights in evaluation mode by hand calls ``eval()`` again.
    """

    #: Where the backbone's first weight was, and the copy: a tuple, so that it is no submodule.
    _folded: Optional[Tuple[Tensor, nn.Module]] = None
    _slim = False

    def __init__(self, *args, precision: str = 'float32', compile: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        resolved(precision, 'cpu')  # one that is none is said now
        self.precision, self.compile_edges = precision, compile
        self.register_load_state_dict_post_hook(_drop)

    def slim(self) -> nn.Module:
        """Keep the folded copy alone: the memory of all weights of the backbone that it does not use is given back.

        From here on the model infers, where it is and in the precision that it has; whatever else needs the weights
        (``train()``, ``state_dict()`` and so saving and fingerprints, copies, ``to()``) raises RuntimeError. Weights
        are loaded into a new model. Returns the model, in evaluation mode.

        Raises:
            ValueError: the backbone has no folded copy.
        """
        copy = self.eval().inference_backbone()
        if copy is self.backbone:
            raise ValueError(f'A {type(copy).__name__} does not fold its batch norms, so slim() has nothing to give '
                             'back; accepted is a backbone with folded(), such as mmcabl.ConformerCABL.')
        used = {p.untyped_storage().data_ptr() for p in copy.parameters()}
        first = next(self.backbone.parameters())  # by which the copy knows its network
        for weight in self.backbone.parameters():
            if weight is not first and weight.untyped_storage().data_ptr() not in used:
                weight.data = weight.data.new_empty(0)
        self._slim = True
        self.backbone.register_state_dict_pre_hook(_refuse)
        give_back()
        return self

    def extract_feat(self, inputs: Tensor, stage: str = 'neck'):
        """As upstream, in the layout that a CPU convolves fastest."""
        return super().extract_feat(fast_layout(inputs), stage)

    def inference_backbone(self) -> nn.Module:
        """The backbone, batch norms folded where it knows how."""
        if self.training or not hasattr(self.backbone, 'folded'):
            return self.backbone
        weight = next(self.backbone.parameters()).detach()
        if self._folded is None or not is_same(weight, self._folded[0]):
            if self._slim:
                _refuse()
            copy = self.backbone.folded()
            for layer in copy.modules():
                if isinstance(layer, CABL):
                    layer.compiles = self.compile_edges
            dtype = self.inference_dtype
            self._folded = weight, copy if dtype == weight.dtype else lower(copy, dtype)
        return self._folded[1]

    def infer(self, batch: Tensor, around: Optional[AttentionPropagator] = None) -> Any:
        """The backbone's features in float32, computed in ``precision``, with its attention recorded."""
        backbone = self.inference_backbone()
        folded, weight = backbone is not self.backbone, next(backbone.parameters())
        dtype = torch.float32 if folded else self.inference_dtype
        with around.attach(backbone) if around else nullcontext(), computing_in(dtype, batch.device):
            return _as(batch.dtype, backbone(batch.to(weight.dtype)))

    @property
    def inference_dtype(self) -> torch.dtype:
        """What the backbone infers in; of a network that is not float32, such as after ``half()``, its own type."""
        weight = next(self.backbone.parameters())
        return resolved(self.precision, weight.device) if weight.dtype == torch.float32 else weight.dtype

    def __getstate__(self) -> dict:
        """What copies and pickles hold: not the folded copy, which they make themselves."""
        if self._slim:
            _refuse()
        return {**self.__dict__, '_folded': None}

    def train(self, mode: bool = True) -> nn.Module:
        """As ``nn.Module``; weights may have changed, or change from here on, so the folded copy is dropped."""
        if self._slim and mode:
            _refuse()
        self._folded = self._folded if self._slim else None
        return super().train(mode)


def _as(dtype: torch.dtype, features: Any) -> Any:
    if isinstance(features, Tensor):
        return features.to(dtype)
    return type(features)(_as(dtype, part) for part in features)


def _refuse(*_: Any) -> None:
    raise RuntimeError('slim() gave the weights of this backbone back, so it only infers, where it is; build and '
                       'load the model again for anything else.')


def _drop(model: FoldedInference, *_: Any) -> None:
    model._folded = None


def is_same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are one piece of memory, read in one way."""
    return one.device == other.device and one.dtype == other.dtype and one.is_set_to(other)


def fast_layout(images: Tensor) -> Tensor:
    """Channels last on a CPU; elsewhere as they are."""
    return images.contiguous(memory_format=torch.channels_last) if images.device.type == 'cpu' else images
