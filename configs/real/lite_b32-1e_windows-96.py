_base_ = [
    '../_base_/models/cabl_lite.py',
    '../_base_/datasets/real_windows-96.py',
    '../_base_/schedules/adamw_1e_lite.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(cabl_blocks='none'),
    # chosen on kept-out forgeries, docs/real.md; with other scales set scored_scales too, None for the mean of all
    scales=['within 768', 'within 256'], scored_scales=1)
