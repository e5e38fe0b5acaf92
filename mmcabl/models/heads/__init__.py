from mmcabl.models.heads.dual_attention_head import DualAttentionHead
from mmcabl.models.heads.edge_residual_head import EdgeResidualHead
from mmcabl.models.heads.fcn_map_head import FCNMapHead
from mmcabl.models.heads.stage_head import StageHead
from mmcabl.models.heads.stream_fusion_head import StreamFusionHead
from mmcabl.models.heads.weak_label_head import WeakLabelHead

__all__ = ['DualAttentionHead', 'EdgeResidualHead', 'FCNMapHead', 'StageHead', 'StreamFusionHead', 'WeakLabelHead']
