from mmcabl.refinement.base import Refiner
from mmcabl.refinement.cgsr import CGSR, Refinement
from mmcabl.refinement.grabcut import GrabCutRefiner
from mmcabl.refinement.prompts import PROMPT_KINDS, Prompts
from mmcabl.refinement.refined_segmentor import RefinedSegmentor, refined_config
from mmcabl.refinement.sam import SAMRefiner

__all__ = ['CGSR', 'GrabCutRefiner', 'PROMPT_KINDS', 'Prompts', 'RefinedSegmentor', 'Refinement', 'Refiner',
           'SAMRefiner', 'refined_config']
