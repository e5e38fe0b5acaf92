# MVSS-Net's: Adam, a learning rate that falls from 1e-4 to 1e-7 periodically. The paper says no more. Our reading: a
# cosine over ten epochs, five times, batch 8.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = [
    dict(
        type='CosineRestartLR',
        periods=[10] * 5,
        restart_weights=[1] * 5,
        eta_min=1e-7,
        by_epoch=True,
        convert_to_iter_based=True)
]
train_cfg = dict(by_epoch=True, max_epochs=50)
auto_scale_lr = dict(base_batch_size=8)
