from mmcabl.refinement.cgsr import CGSR, Refinement
from mmcabl.refinement.grabcut import GrabCutRefiner
from mmcabl.refinement.refiner import Refiner
from mmcabl.refinement.sam import SAMRefiner
from mmcabl.refinement.transformers_refiner import TransformersRefiner
from mmcabl.structures.prompts import PROMPT_KINDS, Prompts

__all__ = ['CGSR', 'GrabCutRefiner', 'PROMPT_KINDS', 'Prompts', 'Refinement', 'Refiner', 'SAMRefiner',
           'TransformersRefiner']
