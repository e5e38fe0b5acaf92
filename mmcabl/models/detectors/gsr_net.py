"""GSR-Net (Zhou et al., AAAI 2020), its segmentation network: boundaries first, then the region inside."""

from typing import Any, Dict, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmcabl.models.detectors.base import IGNORED, ForensicDetector, truth_of
from mmcabl.models.layers.tf1 import resize_bilinear
from mmcabl.models.layers.upsampled_conv import UpsampledConv2d
from mmcabl.registry import MODELS

#: Of R, G, B; the public code's.
MEAN = (122.67891434, 116.66876762, 104.00698793)
SCORES = ('max', 'mean')
#: Smaller images are enlarged: at 1/8 one value is left of them, and that has no deviation.
MIN_SIDE = 16


@MODELS.register_module()
class GSRNet(ForensicDetector):
    """Backbone -> edges at full size and regions at 1/8 -> both fused at full size.

    Args:
        backbone: config of :class:`mmcabl.models.backbones.deeplab_lfov.DeepLabLargeFOV`.
        score: image score, which the paper does not define: ``max`` of the map, or its ``mean``.
        edge_weights: of authentic pixels and edges in the loss of the edges.
        seg_weight: of a loss of the regions at 1/8; the public code has none, they learn through the fusion.
        data_preprocessor: by default RGB minus :data:`MEAN`; the network turns it to BGR.
        **kwargs: ``postprocessor``, ``init_cfg`` of :class:`mmcabl.models.detectors.base.ForensicDetector`.

    Any size will do; the public code resizes images to 300 x 300 in training and testing, and so does the config.

    The generator of manipulated images, and the refinement that makes new ones of its own predictions, are training
    only and not reproduced: both need the authentic image that a manipulated one is mixed with.
    """

    def __init__(self, backbone: Optional[dict] = None, score: str = 'max',
                 edge_weights: Sequence[float] = (0.3, 0.7), seg_weight: float = 0,
                 data_preprocessor: Optional[dict] = None, **kwargs) -> None:
        if score not in SCORES:
            raise ValueError(f'Unknown score {score!r} of GSRNet; accepted are {", ".join(SCORES)}.')
        super().__init__({'mean': MEAN, 'std': (1, 1, 1), **(data_preprocessor or {})}, **kwargs)
        self.backbone = MODELS.build({'type': 'mmcabl.DeepLabLargeFOV', **(backbone or {})})
        widths = [block[-1].out_channels for block in self.backbone.blocks]
        self.edge_head = UpsampledConv2d(widths[1:4])
        self.seg_head = UpsampledConv2d([self.backbone.fc7.out_channels])
        self.fusion = UpsampledConv2d([4])
        self.score, self.seg_weight, self.edge_weights = score, seg_weight, tuple(edge_weights)

    def logits(self, images: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Two classes, authentic and manipulated (or edge), each.

        Args:
            images: (B, 3, H, W), RGB minus mean.

        Returns:
            Fused and edges (B, 2, H, W); regions (B, 2, ceil(H / 8), ceil(W / 8)).
        """
        size = tuple(images.shape[-2:])
        *low, deep = self.backbone(images.flip(1))
        edges = self.edge_head(low, size)
        regions = self.seg_head([deep])
        return self.fusion([torch.cat([resize_bilinear(regions, size), edges], 1)]), edges, regions

    def detect(self, image: Tensor, sample: Any) -> Tuple[Tensor, Tensor]:
        size = tuple(max(side, MIN_SIDE) for side in image.shape[-2:])
        if size != tuple(image.shape[-2:]):
            image = F.interpolate(image, size=size, mode='bilinear', align_corners=False)
        found = self.logits(image)[0].float().softmax(1)[0, 1]
        return found.max() if self.score == 'max' else found.mean(), found

    def loss(self, inputs: Tensor, data_samples: Sequence[Any]) -> Dict[str, Tensor]:
        """``loss_fused``, ``loss_edge``, and ``loss_seg`` if it has a weight; cross-entropies, means over the pixels
        whose truth is known, of edges as :func:`edges_of` makes them."""
        fused, edges, regions = self.logits(inputs)
        truth = truth_of(data_samples, inputs.device)
        losses = dict(loss_fused=cross_entropy(fused, truth),
                      loss_edge=cross_entropy(edges, edges_of(truth), self.edge_weights))
        if self.seg_weight:
            small = F.interpolate(truth[:, None].float(), size=regions.shape[-2:])[:, 0].long()
            losses['loss_seg'] = self.seg_weight * cross_entropy(regions, small)
        return losses


def cross_entropy(logits: Tensor, truth: Tensor, weights: Sequence[float] = (1, 1)) -> Tensor:
    """Sum of weighted cross-entropies over the NUMBER of known pixels (TensorFlow's), 0 if there are none.

    Args:
        logits: (B, 2, H, W).
        truth: (B, H, W), 0, 1, or 255 for unknown.
        weights: of the two classes.
    """
    weight = torch.tensor(weights, dtype=torch.float32, device=logits.device)
    found = F.cross_entropy(logits.float(), truth, weight=weight, ignore_index=IGNORED, reduction='sum')
    return found / (truth != IGNORED).sum().clamp(min=1)


def edges_of(truth: Tensor, size: int = 5) -> Tensor:
    """Boundaries of masks: dilation minus erosion by a square; the frame of an image is none.

    Args:
        truth: (B, H, W) int64, 0, 1, or 255 for unknown.
        size: side of the square in px, odd.

    Returns:
        (B, H, W) int64; 255 where an unknown pixel is in the square.
    """
    def widened(mask: Tensor) -> Tensor:
        return F.max_pool2d(mask[:, None].float(), size, 1, size // 2)[:, 0] > 0

    edges = widened(truth == 1) & widened(truth == 0)
    return edges.long().masked_fill(widened(truth == IGNORED), IGNORED)
