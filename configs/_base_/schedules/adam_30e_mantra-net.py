# Adam at 1e-4 without decay, binary cross-entropy on the mask. Ours: CASIA v2 with masks, batch 8, 30 epochs. The
# features' own training, a classification of 385 manipulations, and the four synthetic sets of the second training
# are not public and not reproduced: train from published weights (load_from), or from nothing.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = []
train_cfg = dict(by_epoch=True, max_epochs=30)
auto_scale_lr = dict(base_batch_size=8)
