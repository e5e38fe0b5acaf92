"""What is asked of a consistency volume: to fit the map."""

from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmcabl.models.layers.consistency_volume import pair_volume, volume_map
from mmcabl.registry import MODELS


@MODELS.register_module()
class InterPatchConsistencyLoss(BaseModule):
    r"""WSCL's inter-patch consistency (Zhai et al., ICCV 2023): patches are inconsistent where one is manipulated.

    Mean binary cross-entropy of V against :math:`t_i (1 - t_j) + (1 - t_i)\, t_j`, t being the sources' hard common
    map, brought to the volume's positions (bilinear) and cut at 0.5.
    """

    @staticmethod
    def target(volume: Tensor, mask: Tensor) -> Tensor:
        """(B, h, w, h, w), 0 or 1, of a mask (B, 1, H, W)."""
        size = tuple(volume.shape[-2:])
        if tuple(mask.shape[-2:]) != size:
            mask = F.interpolate(mask.float(), size=size, mode='bilinear', align_corners=False)
        return pair_volume(mask)

    def forward(self, volume: Tensor, mask: Tensor) -> Tensor:
        """A number.

        Args:
            volume: (B, h, w, h, w) in [0, 1].
            mask: (B, 1, H, W).
        """
        return F.binary_cross_entropy(volume, self.target(volume, mask).to(volume.dtype))


@MODELS.register_module()
class SelfConsistencyLoss(BaseModule):
    """A source's own volume against its own map, an option of WSCL's code: mean squared (or absolute) difference of
    each position's mean inconsistency and the map.

    Args:
        norm: ``l2`` or ``l1``.
    """

    def __init__(self, norm: str = 'l2') -> None:
        super().__init__()
        if norm not in ('l1', 'l2'):
            raise ValueError(f'Unknown norm {norm!r} of SelfConsistencyLoss; accepted are l1, l2.')
        self.difference = F.l1_loss if norm == 'l1' else F.mse_loss

    def forward(self, volume: Tensor, maps: Tensor) -> Tensor:
        """A number, of a volume (B, h, w, h, w) and a map (B, 1, H, W), both in [0, 1]."""
        return self.difference(volume_map(volume, maps.shape[-2:]), maps)
