# No training of its own: lite_b32-1e_windows-96 on the images that its options are chosen on.
_base_ = [
    '../_base_/models/lite.py',
    '../_base_/datasets/real_kept-out.py',
    '../_base_/schedules/adamw_1e_lite.py',
    '../_base_/default_runtime.py',
]
