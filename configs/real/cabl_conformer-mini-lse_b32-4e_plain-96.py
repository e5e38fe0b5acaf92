_base_ = [
    '../_base_/models/cabl_conformer-mini-lse.py',
    '../_base_/datasets/real_plain-96.py',
    '../_base_/schedules/adamw_4e_scratch.py',
    '../_base_/default_runtime.py',
]
