"""What is known of one image: its form, and the one place where it is made from the toolboxes' samples."""

from mmcabl.structures.forensic_sample import ForensicSample, Key
from mmcabl.structures.from_models import forensic_sample, manipulated_probability
from mmcabl.structures.pictures import keep_pixels, unmirrored
from mmcabl.structures.prompts import PROMPT_KINDS, Prompts, check_kind

__all__ = ['ForensicSample', 'Key', 'PROMPT_KINDS', 'Prompts', 'check_kind', 'forensic_sample', 'keep_pixels',
           'manipulated_probability', 'unmirrored']
