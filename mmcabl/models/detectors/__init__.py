"""Systems that the method is compared with (Table I): an image score and a soft map each, one module a system."""

from mmcabl.models.detectors.base import ForensicDetector
from mmcabl.models.detectors.cfa1 import CFA1
from mmcabl.models.detectors.gsr_net import GSRNet
from mmcabl.models.detectors.inference import ScaledInference, TiledInference
from mmcabl.models.detectors.mantra_net import ManTraNet
from mmcabl.models.detectors.mil_fcn import MILFCN
from mmcabl.models.detectors.noii import NOII
from mmcabl.models.detectors.stage_net import StageNet
from mmcabl.models.detectors.wscl import WSCL

__all__ = ['CFA1', 'ForensicDetector', 'GSRNet', 'MILFCN', 'ManTraNet', 'NOII', 'ScaledInference', 'StageNet',
           'TiledInference', 'WSCL']
