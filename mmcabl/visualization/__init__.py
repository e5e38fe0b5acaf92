from mmcabl.visualization.forensic_visualizer import ForensicVisualizer
from mmcabl.visualization.overlay_hook import LocalizationOverlayHook
from mmcabl.visualization.overlays import overlay, overlay_of
from mmcabl.visualization.show_hook import ClassificationOverlayHook

__all__ = ['ClassificationOverlayHook', 'ForensicVisualizer', 'LocalizationOverlayHook', 'overlay', 'overlay_of']
