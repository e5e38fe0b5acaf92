_base_ = [
    '../_base_/models/fcn_r50-mini.py',
    '../_base_/datasets/synthetic_160_supervised_mmseg.py',
    '../_base_/schedules/adamw_4e_scratch.py',
    '../_base_/default_runtime_mmseg.py',
]
default_hooks = dict(overlays=dict(max_images=2, only_manipulated=True))
