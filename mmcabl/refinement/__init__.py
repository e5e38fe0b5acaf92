from mmcabl.refinement.cgsr import CGSR, Refinement
from mmcabl.refinement.grabcut import GrabCutRefiner
from mmcabl.refinement.guided_filter import GuidedFilterRefiner
from mmcabl.refinement.map_refiner import MapRefiner
from mmcabl.refinement.refiner import Refiner
from mmcabl.refinement.region_refiners import ChanVeseRefiner, SuperPixelRefiner
from mmcabl.refinement.sam import SAMRefiner
from mmcabl.refinement.transformers_refiner import TransformersRefiner
from mmcabl.structures.prompts import PROMPT_KINDS, Prompts

__all__ = ['CGSR', 'ChanVeseRefiner', 'GrabCutRefiner', 'GuidedFilterRefiner', 'MapRefiner', 'PROMPT_KINDS',
           'Prompts', 'Refinement', 'Refiner', 'SAMRefiner', 'SuperPixelRefiner',
           'TransformersRefiner']
