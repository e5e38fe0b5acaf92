from mmcabl.models.layers.aspp import ASPP
from mmcabl.models.layers.bayar import BayarConv2d
from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.consistency_volume import ConsistencyVolume
from mmcabl.models.layers.conv_lstm import ConvGRU2d, ConvLSTM2d
from mmcabl.models.layers.dct_volume import DCTVolume
from mmcabl.models.layers.dual_attention import ChannelAttention, PositionAttention
from mmcabl.models.layers.edge import edge_magnitude, normalize_edges
from mmcabl.models.layers.fold import fold_batchnorm
from mmcabl.models.layers.global_cue_injection import GlobalCueInjection
from mmcabl.models.layers.global_weighted_pooling import NormalizedGlobalWeightedPooling
from mmcabl.models.layers.high_pass import HighPass
from mmcabl.models.layers.otsu_pooling import GlobalMaxPooling, OtsuPooling
from mmcabl.models.layers.pamr import PAMR
from mmcabl.models.layers.sobel_gate import SobelGate
from mmcabl.models.layers.srm import SRMConv2d, srm_bank
from mmcabl.models.layers.stochastic_gate import StochasticGate
from mmcabl.models.layers.tf1 import resize_bilinear
from mmcabl.models.layers.upsampled_conv import UpsampledConv2d
from mmcabl.models.layers.window_deviation import WindowDeviation

__all__ = ['ASPP', 'BayarConv2d', 'CABL', 'ChannelAttention', 'ConsistencyVolume', 'ConvGRU2d', 'ConvLSTM2d',
           'DCTVolume', 'GlobalCueInjection', 'GlobalMaxPooling', 'HighPass', 'NormalizedGlobalWeightedPooling',
           'OtsuPooling', 'PAMR', 'PositionAttention', 'SRMConv2d', 'SobelGate', 'StochasticGate', 'UpsampledConv2d',
           'WindowDeviation', 'edge_magnitude', 'fold_batchnorm', 'normalize_edges', 'resize_bilinear', 'srm_bank']
