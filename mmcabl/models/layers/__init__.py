from mmcabl.models.layers.bayar import BayarConv2d
from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.conv_lstm import ConvGRU2d, ConvLSTM2d
from mmcabl.models.layers.dct_volume import DCTVolume
from mmcabl.models.layers.dual_attention import ChannelAttention, PositionAttention
from mmcabl.models.layers.edge import edge_magnitude, normalize_edges
from mmcabl.models.layers.fold import fold_batchnorm
from mmcabl.models.layers.sobel_gate import SobelGate
from mmcabl.models.layers.srm import SRMConv2d, srm_bank
from mmcabl.models.layers.tf1 import resize_bilinear
from mmcabl.models.layers.upsampled_conv import UpsampledConv2d
from mmcabl.models.layers.window_deviation import WindowDeviation

__all__ = ['BayarConv2d', 'CABL', 'ChannelAttention', 'ConvGRU2d', 'ConvLSTM2d', 'DCTVolume', 'PositionAttention',
           'SRMConv2d', 'SobelGate', 'UpsampledConv2d', 'WindowDeviation', 'edge_magnitude', 'fold_batchnorm',
           'normalize_edges', 'resize_bilinear', 'srm_bank']
