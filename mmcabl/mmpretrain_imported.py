"""Imports mmpretrain without its known noise, for our modules that import from it next."""

from mmcabl.quiet import import_quietly

import_quietly('mmpretrain.models', 'mmpretrain.datasets')
