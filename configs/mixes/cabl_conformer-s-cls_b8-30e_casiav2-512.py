# ConformerCABL in a plain mmpretrain classifier: its own head, its own metrics; no maps.
_base_ = [
    '../_base_/models/cabl-cls_conformer-s.py',
    '../_base_/datasets/protocol_512_cls.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]
default_hooks = dict(overlays=dict(max_images=0))
