from mmcabl.visualization.hooks import LocalizationOverlayHook
from mmcabl.visualization.overlays import overlay

__all__ = ['LocalizationOverlayHook', 'overlay']
