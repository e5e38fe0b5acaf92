# The second stage: from a checkpoint of lite_b32-1e_windows-96.py (--cfg-options load_from=FILE), on larger windows.
# What is shipped is the average of both stages (tools/model_converters/average.py).
_base_ = [
    '../_base_/models/lite.py',
    '../_base_/datasets/real_windows-160.py',
    '../_base_/schedules/adamw_1e_lite.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(init_cfg=None))
optim_wrapper = dict(optimizer=dict(lr=5e-4))
auto_scale_lr = dict(base_batch_size=12)
