"""WSCL: streams that see an image's colours and its noise, and learn from each other."""

from typing import Dict, Mapping, Optional

from mmengine.model import ModuleDict
from torch import Tensor

from mmcabl.models.detectors.weak import WeakDetector
from mmcabl.models.losses.multi_source import MultiSourceConsistencyLoss
from mmcabl.models.losses.progress import gaussian_ramp, training_progress
from mmcabl.models.losses.volume_losses import InterPatchConsistencyLoss
from mmcabl.models.streams.base import StreamOutput
from mmcabl.registry import MODELS

#: The paper's: RGB, SRM, Bayar.
WEIGHTS = dict(rgb=1., srm=2., bayar=2.)


@MODELS.register_module()
class WSCL(WeakDetector):
    r"""Weakly supervised self-consistency learning (Zhai et al., ICCV 2023) on any stream, two rows of Table I.

    Each source s has a network of its own. With T the map that all of them agree on, the loss is

    .. math::
        \sum_s L^s + e^{-5 (1 - t)^2} \left(\lambda_m \sum_s \mathrm{MSE}(M^s, T)
                                            + \lambda_p \sum_s \mathrm{BCE}(V^s, \mathrm{pairs}(T))\right),

    L^s being a stream's own losses, t the part of the training that is done, V^s its consistency volume.

    Args:
        backbone: config of each stream's.
        stream: config of the streams, without backbone and source. ``mmcabl.FCNStream`` with ``mmcabl.OtsuPooling``:
            the paper's; ``mmcabl.StageStream``: "Araslanov and Roth + WSCL", which nobody published: our reading,
            both sets of losses added up.
        sources: config of the layer that makes each source, None for the image itself.
        weights: of the sources.
        volume: config of ``mmcabl.ConsistencyVolume``.
        volume_stage: which of the backbone's stages the volume is made from; 1: the second, at 1/8.
        multi_source, inter_patch: lambda of either; 0 leaves it out.
        steepness: of the ramp.
        consistency: further options of ``mmcabl.MultiSourceConsistencyLoss``.
        **kwargs: of :class:`mmcabl.models.detectors.weak.WeakDetector`.
    """

    def __init__(self, backbone: dict, stream: dict, sources: Mapping[str, Optional[dict]], volume: dict,
                 weights: Optional[Mapping[str, float]] = None, volume_stage: int = 1, multi_source: float = 0.1,
                 inter_patch: float = 0.1, steepness: float = 5., consistency: Optional[dict] = None,
                 **kwargs) -> None:
        weights = weights or {name: WEIGHTS.get(name, 1.) for name in sources}
        super().__init__({name: dict(stream, backbone=backbone, pre_filter=layer) for name, layer in sources.items()},
                         weights, **kwargs)
        self.volumes = ModuleDict({name: MODELS.build({'type': 'mmcabl.ConsistencyVolume', **volume})
                                   for name in sources}) if inter_patch else None
        self.agreement = MultiSourceConsistencyLoss(weights, **(consistency or {}))
        self.pairs = InterPatchConsistencyLoss()
        self.volume_stage, self.steepness = volume_stage, steepness
        self.multi_source, self.inter_patch = multi_source, inter_patch

    def losses(self, found: Dict[str, StreamOutput], pictures: Tensor, labels: Tensor) -> Dict[str, Tensor]:
        """The streams' own, ``loss_multi_source`` and ``loss_inter_patch``."""
        losses = super().losses(found, pictures, labels)
        volumes = {name: volume(found[name].features[self.volume_stage].float())
                   for name, volume in self.volumes.items()} if self.inter_patch else {}
        losses.update(self.consistency({name: x.maps for name, x in found.items()}, volumes, labels,
                                       training_progress()[1]))
        return losses

    def consistency(self, maps: Mapping[str, Tensor], volumes: Mapping[str, Tensor], labels: Tensor,
                    done: float) -> Dict[str, Tensor]:
        """What WSCL adds to the streams' own losses.

        Args:
            maps: (B, 1, h, w) in [0, 1] by source.
            volumes: (B, h, w, h, w) in [0, 1] by source.
            labels: (B,) 0 or 1.
            done: part of the training, in [0, 1].
        """
        ramp = gaussian_ramp(done, self.steepness)
        target = self.agreement.target(maps, labels)
        losses = {}
        if self.multi_source:
            losses['loss_multi_source'] = ramp * self.multi_source * sum(self.agreement(maps, target).values())
        if self.inter_patch:
            losses['loss_inter_patch'] = ramp * self.inter_patch * sum(
                self.pairs(volume, target) for volume in volumes.values())
        return losses
