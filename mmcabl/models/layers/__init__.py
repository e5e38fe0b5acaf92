from mmcabl.models.layers.bayar import BayarConv2d
from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.dct_volume import DCTVolume
from mmcabl.models.layers.dual_attention import ChannelAttention, PositionAttention
from mmcabl.models.layers.edge import edge_magnitude, normalize_edges
from mmcabl.models.layers.fold import fold_batchnorm
from mmcabl.models.layers.sobel_gate import SobelGate
from mmcabl.models.layers.srm import SRMConv2d, srm_bank

__all__ = ['CABL', 'BayarConv2d', 'ChannelAttention', 'DCTVolume', 'PositionAttention', 'SRMConv2d', 'SobelGate',
           'edge_magnitude', 'fold_batchnorm', 'normalize_edges', 'srm_bank']
