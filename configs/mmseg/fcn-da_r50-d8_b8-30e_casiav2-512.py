# FCN+DA of Table I, our reading of its augmentation: full supervision, the reference for the weak method.
_base_ = [
    '../_base_/models/fcn_r50-d8.py',
    '../_base_/datasets/supervised-da_512_mmseg.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime_mmseg.py',
]
