"""What a config can name: importing this registers it. The registry does so at its first look-up."""

from mmcabl.refinement.cgsr import CGSR
from mmcabl.refinement.grabcut import GrabCutRefiner
from mmcabl.refinement.sam import SAMRefiner

__all__ = ['CGSR', 'GrabCutRefiner', 'SAMRefiner']
