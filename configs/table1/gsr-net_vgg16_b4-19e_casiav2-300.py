_base_ = [
    '../_base_/models/gsr-net.py',
    '../_base_/datasets/supervised_300_gsr-net.py',
    '../_base_/schedules/adam_19e_gsr-net.py',
    '../_base_/default_runtime.py',
]
