from mmcabl.models.heads.weak_label_head import WeakLabelHead

__all__ = ['WeakLabelHead']
