_base_ = [
    '../_base_/models/cat-net_hrnet-w48.py',
    '../_base_/datasets/supervised_512_dct.py',
    '../_base_/schedules/sgd_200e_cat-net.py',
    '../_base_/default_runtime.py',
]
