# The quick start's, half as long: 4 epochs.
_base_ = './adamw_8e_scratch.py'
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=4, T_max=4, by_epoch=True,
         convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=4)
