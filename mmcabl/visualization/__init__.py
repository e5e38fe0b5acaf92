from mmcabl.visualization.hooks import LocalizationOverlayHook
from mmcabl.visualization.overlays import overlay
from mmcabl.visualization.show_hook import ClassificationOverlayHook

__all__ = ['ClassificationOverlayHook', 'LocalizationOverlayHook', 'overlay']
