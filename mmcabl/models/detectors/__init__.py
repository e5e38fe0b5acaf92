"""Systems that the method is compared with (Table I): an image score and a soft map each, one module a system."""

from mmcabl.models.detectors.base import ForensicDetector
from mmcabl.models.detectors.cat_net import CATNet
from mmcabl.models.detectors.cfa1 import CFA1
from mmcabl.models.detectors.gsr_net import GSRNet
from mmcabl.models.detectors.inference import ScaledInference, TiledInference
from mmcabl.models.detectors.mantra_net import ManTraNet
from mmcabl.models.detectors.mil_fcn import MILFCN
from mmcabl.models.detectors.mvss_net import MVSSNet
from mmcabl.models.detectors.noii import NOII
from mmcabl.models.detectors.stage_net import StageNet
from mmcabl.models.detectors.wscl import WSCL

__all__ = ['CATNet', 'CFA1', 'ForensicDetector', 'GSRNet', 'MILFCN', 'MVSSNet', 'ManTraNet', 'NOII',
           'ScaledInference', 'StageNet', 'TiledInference', 'WSCL']
