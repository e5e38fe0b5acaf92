"""MVSS-Net (Chen et al., ICCV 2021): multi-view, multi-scale supervision."""

from typing import Any, Dict, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmcabl.models.detectors.base import ForensicDetector, truth_of
from mmcabl.models.detectors.supervision import boundary_of, dice_loss, manipulated
from mmcabl.registry import MODELS

#: Weights of the planes of the network's input, in this order, in the grey image for the noise branch: of B, G, R.
GREY = (0.1140, 0.5870, 0.2989)
#: By the order of channels: what an RGB data preprocessor has to subtract and divide by.
ORDERS = {'bgr': dict(mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395)),
          'rgb': dict(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))}


@MODELS.register_module()
class MVSSNet(ForensicDetector):
    r"""Two ResNets, one on colours, one on the noise of the grey image; an edge branch, and dual attention on both.

    Args:
        backbone: four stages; the edge branch takes all, the mask head the last.
        noise_backbone: of the branch behind the constrained convolution; only its last stage is used.
        constrained: a :class:`mmcabl.BayarConv2d` of one plane, whose planes ``noise_backbone`` takes.
        edge_head: a :class:`mmcabl.EdgeResidualHead`.
        mask_head: a :class:`mmcabl.DualAttentionHead`; its ``in_channels`` are those of both last stages.
        channel_order: of the planes that the network sees, normalised by ImageNet's values for R, G, B in this order.
            The public code reads images as BGR and normalises them so: published weights want ``bgr``.
        weights: of the mask's, the image's and the edges' loss: the paper's :math:`\alpha` = 0.16, :math:`\beta` =
            0.04, :math:`1 - \alpha - \beta`.
        data_preprocessor: takes and gives RGB, as all here; ``mean`` and ``std`` follow from ``channel_order``.
        **kwargs: of :class:`ForensicDetector`.

    The image score is the maximum of the map (global maximum pooling).
    """

    def __init__(self, backbone: dict, noise_backbone: dict, constrained: Optional[dict] = None,
                 edge_head: Optional[dict] = None, mask_head: Optional[dict] = None, channel_order: str = 'bgr',
                 weights: Sequence[float] = (0.16, 0.04, 0.8), data_preprocessor: Optional[dict] = None,
                 **kwargs) -> None:
        if channel_order not in ORDERS:
            raise ValueError(f'Unknown channel_order {channel_order!r} of MVSSNet; accepted are {", ".join(ORDERS)}.')
        super().__init__({**ORDERS[channel_order], **(data_preprocessor or {})}, **kwargs)
        self.backbone, self.noise_backbone = MODELS.build(backbone), MODELS.build(noise_backbone)
        self.constrained = MODELS.build(
            {'type': 'mmcabl.BayarConv2d', 'in_channels': 1, 'out_channels': 3, 'padding': 2, **(constrained or {})})
        self.edge_head = MODELS.build({'type': 'mmcabl.EdgeResidualHead', **(edge_head or {})})
        self.mask_head = MODELS.build({'type': 'mmcabl.DualAttentionHead', 'in_channels': 4096, **(mask_head or {})})
        self.channel_order, self.weights = channel_order, tuple(weights)

    def logits(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """Both outputs of the network.

        Args:
            x: (B, 3, H, W), normalised, in the order that the weights want; the grey image takes it for B, G, R.

        Returns:
            Edge logits (B, 1, H / 4, W / 4); mask logits (B, 1, H, W).
        """
        features = self.backbone(x)
        return self.edge_head(features), self._masks(x, features[-1])

    def _masks(self, x: Tensor, deepest: Tensor) -> Tensor:
        grey = (x * x.new_tensor(GREY)[:, None, None]).sum(1, keepdim=True)
        noise = self.noise_backbone(self.constrained(grey))[-1]
        masks = self.mask_head(torch.cat([deepest, noise], 1))
        return F.interpolate(masks, x.shape[-2:], mode='bilinear', align_corners=True)

    def _ordered(self, inputs: Tensor) -> Tensor:
        return inputs.flip(-3) if self.channel_order == 'bgr' else inputs

    def detect(self, image: Tensor, sample: Any) -> Tuple[Tensor, Tensor]:
        """Score: maximum of the map; map (H, W): of probabilities. The edge branch serves training alone."""
        image = self._ordered(image)
        found = self._masks(image, self.backbone(image)[-1])[0, 0].sigmoid()
        return found.max(), found

    def loss(self, inputs: Tensor, data_samples: Sequence[Any]) -> Dict[str, Tensor]:
        """Section 3.2: dice of mask and edges in manipulated images, cross entropy of the score in all."""
        edges, masks = (part.float() for part in self.logits(self._ordered(inputs)))
        truth = truth_of(data_samples, masks.device)
        labels = torch.stack([s.gt_label for s in data_samples]).reshape(-1).to(masks)
        score = masks.flatten(1).max(1).values
        use = manipulated(truth)
        mask, image, edge = self.weights
        return dict(loss_mask=mask * dice_loss(masks[:, 0], truth, use),
                    loss_image=image * F.binary_cross_entropy_with_logits(score, labels),
                    loss_edge=edge * dice_loss(edges[:, 0], boundary_of(truth, edges.shape[-2:]), use))
