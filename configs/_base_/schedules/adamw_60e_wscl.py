# WSCL's: AdamW, learning rate 1e-4, weight decay 5e-4, batch 36, 60 epochs, 5 of them warm-up, then a cosine. (Its
# scheduler adds 5 epochs at the lowest rate; the paper's 60 are kept.)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-4, weight_decay=5e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.002, by_epoch=True, begin=0, end=5),
    dict(type='CosineAnnealingLR', eta_min=2e-6, by_epoch=True, begin=5, end=60, T_max=55),
]
train_cfg = dict(by_epoch=True, max_epochs=60)
auto_scale_lr = dict(base_batch_size=36)
