from mmcabl.visualization.overlay_hook import LocalizationOverlayHook
from mmcabl.visualization.overlays import overlay, overlay_of

__all__ = ['LocalizationOverlayHook', 'overlay', 'overlay_of']
