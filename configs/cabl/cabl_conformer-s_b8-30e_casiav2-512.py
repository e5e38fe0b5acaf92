_base_ = [
    '../_base_/models/cabl_conformer-s.py',
    '../_base_/datasets/protocol_512.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]
