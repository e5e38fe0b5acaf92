# One pass from ImageNet weights: the quick start's optimizer with less decay.
_base_ = './adamw_8e_scratch.py'
optim_wrapper = dict(optimizer=dict(weight_decay=0.02))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=1, T_max=1, by_epoch=True,
         convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=1)
auto_scale_lr = dict(base_batch_size=32)
