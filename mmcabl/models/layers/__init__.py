from mmcabl.models.layers.bayar import BayarConv2d
from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.dual_attention import ChannelAttention, PositionAttention
from mmcabl.models.layers.edge import edge_magnitude, normalize_edges
from mmcabl.models.layers.fold import fold_batchnorm
from mmcabl.models.layers.sobel_gate import SobelGate

__all__ = ['CABL', 'BayarConv2d', 'ChannelAttention', 'PositionAttention', 'SobelGate', 'edge_magnitude',
           'fold_batchnorm', 'normalize_edges']
