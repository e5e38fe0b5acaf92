"""ManTra-Net (Wu et al., CVPR 2019): manipulation as a local anomaly of features that trace processing."""

from typing import Any, Dict, Optional, Sequence, Tuple

import torch
from mmengine.model.weight_init import xavier_init
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.detectors.base import IGNORED, ForensicDetector, truth_of
from mmcabl.models.layers.padding import symmetric_pad
from mmcabl.registry import MODELS

NORMS = ('stored', 'own')
SCORES = ('max', 'mean')
#: Images with a smaller side are mirrored up to it.
MIN_SIDE = 16


@MODELS.register_module()
class ManTraNet(ForensicDetector):
    """Features -> 64 channels -> normalisation -> deviations from windows -> recurrence -> map.

    Args:
        features: config of the feature extractor, :class:`mmcabl.models.backbones.mantra_features.ManTraFeatures`.
        deviation: config of :class:`mmcabl.models.layers.window_deviation.WindowDeviation`; its ``channels`` are
            those between features and deviations.
        recurrence: config of the recurrent convolution over the windows, small to large; ``mmcabl.ConvLSTM2d`` (the
            paper) or ``mmcabl.ConvGRU2d`` (a variant of the PyTorch port).
        norm: by what the channels are normalised in testing: ``stored``, the moving averages of the training, as the
            Keras original; ``own``, the image's own mean and variance, as the PyTorch port. In training both take the
            batch's. The deviations are in units of the image's, so shift and scale of a channel cancel out and both
            give the same map, unless a channel's deviation is below ``min_sigma`` (published: at most 0.0115).
        score: image score, which the paper does not define: ``max`` of the map, or its ``mean``.
        strip_pixels: in testing, features are computed of strips of about so many pixels, one after the other, which
            gives the same numbers in less memory; the features of a whole image of 4 megapixels take 4 GB.
        data_preprocessor: by default RGB from 0 to 255, which is what the network maps to -1 to 1 itself.
        **kwargs: ``postprocessor``, ``init_cfg`` of :class:`mmcabl.models.detectors.base.ForensicDetector`.
    """

    def __init__(self, features: Optional[dict] = None, deviation: Optional[dict] = None,
                 recurrence: Optional[dict] = None, norm: str = 'own', score: str = 'max',
                 strip_pixels: int = 1 << 20, data_preprocessor: Optional[dict] = None, **kwargs) -> None:
        for given, accepted, name in ((norm, NORMS, 'norm'), (score, SCORES, 'score')):
            if given not in accepted:
                raise ValueError(f'Unknown {name} {given!r} of ManTraNet; accepted are {", ".join(accepted)}.')
        super().__init__({'mean': (0, 0, 0), 'std': (1, 1, 1), **(data_preprocessor or {})}, **kwargs)
        self.features = MODELS.build({'type': 'mmcabl.ManTraFeatures', **(features or {})})
        deviation = {'type': 'mmcabl.WindowDeviation', 'channels': 64, **(deviation or {})}
        channels = deviation['channels']
        self.adaptation = nn.Conv2d(self.features.out_channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01, affine=False,
                                   track_running_stats=norm == 'stored')
        self.deviation = MODELS.build(deviation)
        self.recurrence = MODELS.build({'type': 'mmcabl.ConvLSTM2d', 'in_channels': channels, 'hidden_channels': 8,
                                        **(recurrence or {})})
        self.head = nn.Conv2d(self.recurrence.hidden_channels, 1, 7, padding=3)
        for conv in (self.adaptation, self.head):
            xavier_init(conv, distribution='uniform')
        self.score, self.strip_pixels = score, strip_pixels

    def adapted(self, images: Tensor) -> Tensor:
        """(B, 3, H, W), 0 to 255, to (B, 64, H, W), not normalised."""
        height, width = images.shape[-2:]
        rows = max(1, self.strip_pixels // (width * len(images)))
        if self.training or rows >= height:
            return self.adaptation(self.features(images))
        radius, parts = self.features.radius, []
        for top in range(0, height, rows):
            first, last = max(0, top - radius), min(height, top + rows + radius)
            part = self.adaptation(self.features(images[:, :, first:last]))
            parts.append(part[:, :, top - first:min(top + rows, height) - first])
        return torch.cat(parts, 2)

    def logits(self, images: Tensor) -> Tensor:
        """(B, 3, H, W), RGB, 0 to 255, to (B, H, W); a sigmoid makes them probabilities."""
        height, width = images.shape[-2:]
        images = symmetric_pad(images, (0, max(0, MIN_SIDE - width), 0, max(0, MIN_SIDE - height)))
        x = self.norm(self.adapted(images))
        return self.head(self.recurrence(self.deviation(x)))[:, 0, :height, :width].float()

    def detect(self, image: Tensor, sample: Any) -> Tuple[Tensor, Tensor]:
        found = self.logits(image)[0].sigmoid()
        return found.max() if self.score == 'max' else found.mean(), found

    def loss(self, inputs: Tensor, data_samples: Sequence[Any]) -> Dict[str, Tensor]:
        """``loss_mask``: binary cross-entropy of the pixels whose truth is known, their mean."""
        truth = truth_of(data_samples, inputs.device)
        known = truth != IGNORED
        loss = F.binary_cross_entropy_with_logits(self.logits(inputs), truth.clamp(max=1).float(), reduction='none')
        return dict(loss_mask=(loss * known).sum() / known.sum().clamp(min=1))
