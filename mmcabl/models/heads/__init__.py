from mmcabl.models.heads.fcn_map_head import FCNMapHead
from mmcabl.models.heads.stage_head import StageHead
from mmcabl.models.heads.weak_label_head import WeakLabelHead

__all__ = ['FCNMapHead', 'StageHead', 'WeakLabelHead']
