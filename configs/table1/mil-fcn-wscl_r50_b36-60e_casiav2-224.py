_base_ = [
    '../_base_/models/mil-fcn-wscl_r50.py',
    '../_base_/datasets/protocol_224_wscl.py',
    '../_base_/schedules/adamw_60e_wscl.py',
    '../_base_/default_runtime.py',
]
