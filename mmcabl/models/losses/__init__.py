from mmcabl.models.losses.image_label import EntropyLoss, ImageLabelLoss
from mmcabl.models.losses.multi_source import MultiSourceConsistencyLoss
from mmcabl.models.losses.pseudo_masks import BalancedMaskLoss, pseudo_masks
from mmcabl.models.losses.volume_losses import InterPatchConsistencyLoss, SelfConsistencyLoss

__all__ = ['BalancedMaskLoss', 'EntropyLoss', 'ImageLabelLoss', 'InterPatchConsistencyLoss',
           'MultiSourceConsistencyLoss', 'SelfConsistencyLoss', 'pseudo_masks']
