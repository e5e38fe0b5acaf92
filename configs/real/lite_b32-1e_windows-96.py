_base_ = [
    '../_base_/models/cabl_lite.py',
    '../_base_/datasets/real_windows-96.py',
    '../_base_/schedules/adamw_1e_lite.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(cabl_blocks='none'),
    scales=['within 768', 'within 256'], scored_scales=1)  # chosen on kept-out forgeries, docs/real.md
