from mmcabl.refinement.base import Refiner
from mmcabl.refinement.cgsr import CGSR, Refinement
from mmcabl.refinement.grabcut import GrabCutRefiner
from mmcabl.refinement.prompts import PROMPT_KINDS, Prompts
from mmcabl.refinement.sam import SAMRefiner

__all__ = ['CGSR', 'GrabCutRefiner', 'PROMPT_KINDS', 'Prompts', 'Refinement', 'Refiner', 'SAMRefiner']
