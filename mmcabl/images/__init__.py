"""Image files as forensics needs them: on the stored grid, whole, and never larger than agreed.

Imports no OpenMMLab package: worker processes start fast.
"""

from mmcabl.images.backends import Unreachable, is_local, join, read_file
from mmcabl.images.decoding import DEFAULT_MAX_PIXELS, Decoded, decode, read_image, read_picture
from mmcabl.images.image_names import (
    IMAGE_EXTENSIONS,
    PHOTOGRAPHS,
    is_folder,
    is_image,
    is_photograph,
    list_images,
    stem,
)
from mmcabl.images.levels import full_scale
from mmcabl.images.orientation import stored, upright
from mmcabl.images.regular_files import read_regular, shown

__all__ = [
    'DEFAULT_MAX_PIXELS', 'Decoded', 'IMAGE_EXTENSIONS', 'PHOTOGRAPHS', 'Unreachable', 'decode', 'full_scale',
    'is_folder', 'is_image', 'is_local', 'is_photograph', 'join', 'list_images', 'read_file', 'read_image',
    'read_picture', 'read_regular', 'shown', 'stem', 'stored', 'upright',
]
