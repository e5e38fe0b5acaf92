from mmcabl.models.layers.bayar import BayarConv2d
from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.edge import edge_magnitude, normalize_edges
from mmcabl.models.layers.fold import fold_batchnorm

__all__ = ['CABL', 'BayarConv2d', 'edge_magnitude', 'fold_batchnorm', 'normalize_edges']
