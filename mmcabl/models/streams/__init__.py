"""Networks that learn maps from image-level labels; detectors are made of one or of several."""

from mmcabl.models.streams.fcn import FCNStream
from mmcabl.models.streams.stage import StageStream
from mmcabl.models.streams.weak_stream import StreamOutput, WeakStream

__all__ = ['FCNStream', 'StageStream', 'StreamOutput', 'WeakStream']
