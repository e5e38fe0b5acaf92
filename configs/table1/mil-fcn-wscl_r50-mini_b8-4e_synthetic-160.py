_base_ = [
    '../_base_/models/mil-fcn-wscl_r50-mini.py',
    '../_base_/datasets/synthetic_160_protocol.py',
    '../_base_/schedules/adamw_4e_scratch.py',
    '../_base_/default_runtime.py',
]
default_hooks = dict(overlays=dict(max_images=2, only_manipulated=True))
