# Full supervision without forgery augmentation.
_base_ = [
    '../_base_/models/fcn_r50-d8.py',
    '../_base_/datasets/supervised_512_mmseg.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime_mmseg.py',
]
