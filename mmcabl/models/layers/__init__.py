from mmcabl.models.layers.aspp import ASPP
from mmcabl.models.layers.bayar import BayarConv2d
from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.consistency_volume import ConsistencyVolume
from mmcabl.models.layers.edge import edge_magnitude, normalize_edges
from mmcabl.models.layers.fold import fold_batchnorm
from mmcabl.models.layers.global_cue_injection import GlobalCueInjection
from mmcabl.models.layers.global_weighted_pooling import NormalizedGlobalWeightedPooling
from mmcabl.models.layers.otsu_pooling import GlobalMaxPooling, OtsuPooling
from mmcabl.models.layers.pamr import PAMR
from mmcabl.models.layers.srm import SRMConv2d
from mmcabl.models.layers.stochastic_gate import StochasticGate

__all__ = ['ASPP', 'BayarConv2d', 'CABL', 'ConsistencyVolume', 'GlobalCueInjection', 'GlobalMaxPooling',
           'NormalizedGlobalWeightedPooling', 'OtsuPooling', 'PAMR', 'SRMConv2d', 'StochasticGate', 'edge_magnitude',
           'fold_batchnorm', 'normalize_edges']
