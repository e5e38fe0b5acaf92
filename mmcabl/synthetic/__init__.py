"""Synthetic forgeries from any photographs. Imports no OpenMMLab package: worker processes start fast."""

from mmcabl.synthetic.forgery import ForgeryRecipe, make_image
from mmcabl.synthetic.generate import generate
from mmcabl.synthetic.photographs import embedded_photographs
from mmcabl.synthetic.sources import find_photographs

__all__ = ['ForgeryRecipe', 'embedded_photographs', 'find_photographs', 'generate', 'make_image']
