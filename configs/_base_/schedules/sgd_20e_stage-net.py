# Araslanov and Roth's: SGD, learning rate 5e-4, ten times that for what is not pretrained, weight decay 5e-4 but for
# biases, batch 16, 20 epochs.
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=5e-4, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(
        custom_keys={
            '.head.': dict(lr_mult=10.),
            'classify.bias': dict(lr_mult=10., decay_mult=0.),
            '.bn.bias': dict(lr_mult=10., decay_mult=0.),
        }))
param_scheduler = []
train_cfg = dict(by_epoch=True, max_epochs=20)
auto_scale_lr = dict(base_batch_size=16)
