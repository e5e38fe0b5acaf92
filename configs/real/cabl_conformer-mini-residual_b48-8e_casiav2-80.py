_base_ = [
    '../_base_/models/cabl_conformer-mini-residual.py',
    '../_base_/datasets/real.py',
    '../_base_/schedules/adamw_8e_scratch.py',
    '../_base_/default_runtime.py',
]
