# The public code's: Adam at 1e-4, constant; decay 5e-5 of kernels alone; batch 4. Its 60,000 steps are 19 epochs of
# CASIA v2. Ours: every step has images of the data set, where the public code has also generated and refined ones.
optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=1e-4, weight_decay=5e-5),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0))
param_scheduler = []
train_cfg = dict(by_epoch=True, max_epochs=19)
auto_scale_lr = dict(base_batch_size=4)
