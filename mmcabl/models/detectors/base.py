"""What every comparison system has in common: images in, scores, maps and masks out, by the same rules as ours."""

from abc import abstractmethod
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.model import BaseModel
from mmpretrain.structures import DataSample
from torch import Tensor

from mmcabl.models.heads.labels import set_prediction
from mmcabl.models.localizers.scales import to_image_size
from mmcabl.refinement.cgsr import CGSR
from mmcabl.registry import MODELS
from mmcabl.structures import unmirrored
from mmcabl.structures.from_models import IGNORED

__all__ = ['IGNORED', 'ForensicDetector', 'truth_of']


class ForensicDetector(BaseModel):
    """Base class: subclass, register in ``mmcabl.registry.MODELS``, write :meth:`detect`; :meth:`loss` if it learns.

    Args:
        data_preprocessor: a ``mmcabl.ForensicDataPreprocessor`` by default: in training ``inputs`` are (B, 3, H, W),
            in testing each image keeps its size; ``mean``, ``std`` and ``to_rgb`` are the network's.
        postprocessor: config of :class:`mmcabl.refinement.CGSR`. By default no refinement: the map, a probability, is
            cut at 0.5 without being normalised.
        init_cfg: as of any mmengine module.

    ``predict`` sets the fields that ``mmcabl.WeaklySupervisedLocalizer`` sets, so metrics, records, overlays and
    scoring take any of these systems.
    """

    refines = True

    def __init__(self, data_preprocessor: Optional[dict] = None, postprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        if data_preprocessor is None or isinstance(data_preprocessor, dict):
            data_preprocessor = {'type': 'mmcabl.ForensicDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.postprocessor: CGSR = MODELS.build(
            {'type': 'mmcabl.CGSR', 'prompt': 'null', 'normalize': 'none', **(postprocessor or {})})

    @abstractmethod
    def detect(self, image: Tensor, sample: Any) -> Tuple[Tensor, Tensor]:
        """Score and map of one image.

        Args:
            image: (1, 3, H, W) as the data preprocessor gives it.
            sample: its data sample; ``img_path``, ``ori_shape`` and what the pipeline packed besides.

        Returns:
            Image score () in [0, 1]; map (h, w) in [0, 1], higher is more manipulated, of any size: it is brought to
            the image's.
        """

    def loss(self, inputs: Tensor, data_samples: Sequence[Any]) -> Dict[str, Tensor]:
        """Losses of a batch (B, 3, H, W); samples have ``gt_label``, and in full supervision ``gt_seg_map``."""
        raise NotImplementedError(f'{type(self).__name__} does not learn; it can be tested only.')

    def forward(self, inputs: Union[Tensor, Sequence[Tensor]], data_samples: Optional[List[Any]] = None,
                mode: str = 'tensor') -> Any:
        """mmengine's modes: ``loss``, ``predict``, and ``tensor``: (scores (B,), maps).

        Raises:
            ValueError: another mode.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            found = [self.detect(x[None], s) for x, s in zip(inputs, data_samples or [DataSample() for _ in inputs])]
            return torch.stack([score for score, _ in found]), [m for _, m in found]
        raise ValueError(f'Unknown mode {mode!r}; accepted are loss, predict, tensor.')

    @torch.no_grad()
    def predict(self, inputs: Union[Tensor, Sequence[Tensor]], data_samples: Optional[List[Any]] = None) -> List[Any]:
        """Score, map and masks of each image at its original size, as fields of its sample."""
        samples = data_samples or [DataSample() for _ in inputs]
        for image, sample in zip(inputs, samples):
            size = tuple(sample.get('ori_shape', image.shape[-2:]))[:2]
            score, found = self.detect(image[None], sample)
            inside = tuple(found.shape[-2:])
            found = found if inside == size else to_image_size(found[None], inside, inside, size)[0]
            set_prediction(sample, score.reshape(1).float())
            sample.set_field(unmirrored(found.float().cpu().numpy(), sample), 'cam_raw')
        if self.refines:
            self.refine(samples)
        return samples

    def refine(self, samples: Sequence[Any]) -> None:
        """CGSR: set what follows from the samples' ``cam_raw`` and ``pixels``."""
        first = next(self.parameters(), None)
        self.postprocessor.refine(samples, [s.cam_raw for s in samples], None if first is None else first.device)


def truth_of(samples: Sequence[Any], device: Union[str, torch.device] = 'cpu') -> Tensor:
    """(B, H, W) int64 from the samples' ``gt_seg_map``: 0 authentic, 1 manipulated, 255 (``IGNORED``) unknown,
    which losses pass over.

    Raises:
        KeyError: a sample has none; the sentence says which step loads it.
    """
    for sample in samples:
        if 'gt_seg_map' not in sample:
            raise KeyError(f"{sample.get('img_path', 'A training sample')} has no gt_seg_map, which full supervision "
                           "needs: put dict(type='mmcabl.LoadForgerySegMap') behind the step that loads images and "
                           "'gt_seg_map' into algorithm_keys of the step that packs them.")
    truths = [sample.gt_seg_map for sample in samples]
    # a mirrored truth is a view with negative strides, which torch does not take
    truths = [t if isinstance(t, Tensor) else torch.from_numpy(np.ascontiguousarray(t)) for t in truths]
    return torch.stack([t.long() for t in truths]).to(device)
