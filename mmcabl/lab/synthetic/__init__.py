"""Synthetic forgeries from any photographs. Imports no OpenMMLab package: worker processes start fast."""

from mmcabl.lab.synthetic.forgery import ForgeryRecipe, make_image
from mmcabl.lab.synthetic.found_photographs import find_photographs
from mmcabl.lab.synthetic.generate import generate
from mmcabl.lab.synthetic.pasting import Pasting
from mmcabl.lab.synthetic.photographs import embedded_photographs

__all__ = ['ForgeryRecipe', 'Pasting', 'embedded_photographs', 'find_photographs', 'generate', 'make_image']
