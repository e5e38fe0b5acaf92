_base_ = [
    '../_base_/models/stage-net_r50.py',
    '../_base_/datasets/protocol_448_stage-net.py',
    '../_base_/schedules/sgd_20e_stage-net.py',
    '../_base_/default_runtime.py',
]
