from mmcabl.visualization.overlay_hook import LocalizationOverlayHook
from mmcabl.visualization.overlays import overlay

__all__ = ['LocalizationOverlayHook', 'overlay']
