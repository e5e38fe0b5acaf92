"""mmcabl: weakly supervised image manipulation localization for OpenMMLab.

Importing the package only checks that a usable OpenMMLab stack is installed; its modules are
registered when a config names one of them (``type='mmcabl.ConformerCABL'``).
"""

from mmcabl.bases import base_path
from mmcabl.stack import check_stack
from mmcabl.version import __version__

check_stack()

__all__ = ['__version__', 'base_path']
