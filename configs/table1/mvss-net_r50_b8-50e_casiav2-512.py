_base_ = [
    '../_base_/models/mvss-net_r50.py',
    '../_base_/datasets/supervised_512_mvss-net.py',
    '../_base_/schedules/adam_50e_mvss-net.py',
    '../_base_/default_runtime.py',
]
