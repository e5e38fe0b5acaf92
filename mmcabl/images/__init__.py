"""Image files as forensics needs them: on the stored grid, whole, and never larger than agreed.

Imports no OpenMMLab package: worker processes start fast.
"""

from mmcabl.images.decoding import DEFAULT_MAX_PIXELS, Decoded, decode, read_image, read_picture
from mmcabl.images.files import read_regular, shown
from mmcabl.images.levels import full_scale
from mmcabl.images.orientation import stored, upright

__all__ = [
    'DEFAULT_MAX_PIXELS', 'Decoded', 'decode', 'full_scale', 'read_image', 'read_picture', 'read_regular', 'shown',
    'stored', 'upright',
]
