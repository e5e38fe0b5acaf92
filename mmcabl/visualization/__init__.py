from mmcabl.visualization.forensic_visualizer import ForensicVisualizer
from mmcabl.visualization.overlay_hook import LocalizationOverlayHook
from mmcabl.visualization.overlays import overlay, overlay_of

__all__ = ['ForensicVisualizer', 'LocalizationOverlayHook', 'overlay', 'overlay_of']
