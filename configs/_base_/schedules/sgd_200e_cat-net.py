# CAT-Net's: SGD, momentum 0.9, learning rate 0.005 with a polynomial decay of power 0.9 over 200 epochs, batch 22.
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=5e-4))
param_scheduler = [dict(type='PolyLR', power=0.9, begin=0, end=200, by_epoch=True, convert_to_iter_based=True)]
train_cfg = dict(by_epoch=True, max_epochs=200)
auto_scale_lr = dict(base_batch_size=22)
