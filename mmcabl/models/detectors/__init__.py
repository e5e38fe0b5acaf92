"""Systems that the method is compared with (Table I): an image score and a soft map each, one module a system."""

from mmcabl.models.detectors.base import ForensicDetector
from mmcabl.models.detectors.gsr_net import GSRNet
from mmcabl.models.detectors.mantra_net import ManTraNet

__all__ = ['ForensicDetector', 'GSRNet', 'ManTraNet']
