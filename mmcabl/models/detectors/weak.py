"""Detectors that learn from labels: one stream or several, and a way to show them an image."""

from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

import torch
from mmengine.model import ModuleDict
from torch import Tensor

from mmcabl.models.detectors.base import ForensicDetector
from mmcabl.models.heads.labels import label_targets
from mmcabl.models.losses.multi_source import weighted_mean
from mmcabl.models.streams.base import StreamOutput
from mmcabl.registry import MODELS


class WeakDetector(ForensicDetector):
    """Base class of the weakly supervised comparison systems; ``gt_label`` is all they learn from.

    Args:
        streams: config of each :class:`mmcabl.models.streams.WeakStream` by the name of its source.
        weights: of the sources in scores and maps, scaled to the sum 1; alike by default.
        inference: config of how a test image is shown; ``mmcabl.TiledInference`` by default.
        **kwargs: of :class:`ForensicDetector`.
    """

    def __init__(self, streams: Mapping[str, dict], weights: Optional[Mapping[str, float]] = None,
                 inference: Optional[dict] = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.streams = ModuleDict({name: MODELS.build(dict(stream)) for name, stream in streams.items()})
        self.weights = dict(weights or dict.fromkeys(streams, 1.))
        if set(self.weights) != set(streams):
            raise ValueError(f'{type(self).__name__} has the sources {sorted(streams)} and weights for '
                             f'{sorted(self.weights)}; it takes one weight for each source.')
        self.inference = MODELS.build({'type': 'mmcabl.TiledInference', **(inference or {})})

    def respond(self, images: Tensor) -> Dict[str, StreamOutput]:
        """What each stream finds in normalised images (B, 3, H, W)."""
        return {name: stream(images) for name, stream in self.streams.items()}

    def score_and_map(self, images: Tensor) -> Tuple[Tensor, Tensor]:
        """Scores (B,) and maps (B, 1, H, W) in [0, 1] at the images' size, means over the sources."""
        found = self.respond(images)
        maps = {name: self.streams[name].enlarge(x.maps, images.shape[-2:]).clamp(0, 1) for name, x in found.items()}
        return weighted_mean({name: x.score for name, x in found.items()}, self.weights), weighted_mean(
            maps, self.weights)

    def detect(self, image: Tensor, sample: Any) -> Tuple[Tensor, Tensor]:
        return self.inference(self.score_and_map, image)

    def loss(self, inputs: Tensor, data_samples: Sequence[Any]) -> Dict[str, Tensor]:
        """Losses of the streams, of images (B, 3, H, W) as the data preprocessor gives them, and their labels."""
        found = self.respond(inputs)
        labels = label_targets(data_samples, 1)[:, 0].to(inputs.device)
        normal = self.data_preprocessor
        pictures = (inputs.float() * normal.std + normal.mean) / 255
        with torch.autocast(inputs.device.type, enabled=False):  # probabilities and their logarithms
            return self.losses(found, pictures, labels)

    def losses(self, found: Dict[str, StreamOutput], pictures: Tensor, labels: Tensor) -> Dict[str, Tensor]:
        """Every stream's own; arguments as of ``WeakStream.loss``."""
        prefix = '{}.' if len(found) > 1 else ''
        return {prefix.format(name) + key: value for name, output in found.items()
                for key, value in self.streams[name].loss(output, pictures, labels).items()}
