_base_ = [
    '../_base_/models/mantra-net.py',
    '../_base_/datasets/supervised_256_crops.py',
    '../_base_/schedules/adam_30e_mantra-net.py',
    '../_base_/default_runtime.py',
]
