# The paper's: AdamW, learning rate 5e-5, weight decay 5e-4, 30 epochs, batch 8. It names no decay of the
# learning rate; our reading: constant.
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=5e-5, weight_decay=5e-4))
param_scheduler = []
train_cfg = dict(by_epoch=True, max_epochs=30)
auto_scale_lr = dict(base_batch_size=8)
