"""Networks that learn maps from image-level labels; detectors are made of one or of several."""

from mmcabl.models.streams.base import StreamOutput, WeakStream
from mmcabl.models.streams.fcn import FCNStream
from mmcabl.models.streams.stage import StageStream

__all__ = ['FCNStream', 'StageStream', 'StreamOutput', 'WeakStream']
