# Three passes from weights that know the task: adamw_1e_lite.py at a lower rate.
_base_ = './adamw_1e_lite.py'
optim_wrapper = dict(optimizer=dict(lr=6e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=3, T_max=3, by_epoch=True,
         convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=3)
auto_scale_lr = dict(base_batch_size=16)
