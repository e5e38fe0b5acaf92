from types import SimpleNamespace
from typing import Any, List, Optional, Union

from mmpretrain.structures import DataSample
from torch import Tensor


class StockInference:
    """What mmpretrain's own inference tools ask of a model, mixed in before ``ImageClassifier``.

    ``mmpretrain.inference_model`` chooses an inferencer by the tasks in a model's meta information, which models
    that are built from a config file have none of; ``vis_cam.py`` takes gradients of one tensor of logits.
    """

    @property
    def _metainfo(self) -> Any:
        return self.__dict__.get('_published') or SimpleNamespace(
            results=[SimpleNamespace(task='Image Classification')])

    @_metainfo.setter
    def _metainfo(self, value: Any) -> None:
        self.__dict__['_published'] = value

    def forward(self, inputs: Tensor, data_samples: Optional[List[DataSample]] = None,
                mode: str = 'tensor') -> Union[Tensor, dict, List[DataSample]]:
        """As upstream; ``mode='tensor'`` gives the mean logits over the branches, (B, num_classes)."""
        found = super().forward(inputs, data_samples, mode)
        if mode == 'tensor' and isinstance(found, dict):
            return sum(found.values()) / len(found)
        return found
