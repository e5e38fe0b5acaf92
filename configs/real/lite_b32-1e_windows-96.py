_base_ = [
    '../_base_/models/lite.py',
    '../_base_/datasets/real_windows-96.py',
    '../_base_/schedules/adamw_1e_lite.py',
    '../_base_/default_runtime.py',
]
