"""What a config can name: importing this registers it. The registry does so at its first look-up."""

from mmcabl.refinement.cgsr import CGSR
from mmcabl.refinement.grabcut import GrabCutRefiner
from mmcabl.refinement.guided_filter import GuidedFilterRefiner
from mmcabl.refinement.region_refiners import ChanVeseRefiner, SuperPixelRefiner
from mmcabl.refinement.sam import SAMRefiner
from mmcabl.refinement.transformers_refiner import TransformersRefiner

__all__ = ['CGSR', 'ChanVeseRefiner', 'GrabCutRefiner', 'GuidedFilterRefiner', 'SAMRefiner', 'SuperPixelRefiner',
           'TransformersRefiner']
