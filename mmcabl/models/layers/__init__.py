from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.edge import edge_magnitude, normalize_edges
from mmcabl.models.layers.fold import fold_batchnorm
from mmcabl.models.layers.high_pass import HighPass

__all__ = ['CABL', 'HighPass', 'edge_magnitude', 'fold_batchnorm', 'normalize_edges']
