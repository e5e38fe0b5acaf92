# Synthetic forgeries in CASIA v2's layout, 160 px. No rescaling, in training or testing: noise and
# resampling traces do not survive it, and a network trained from scratch has nothing else to go by.
_base_ = './casiav2_512.py'
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(type='mmcv.RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='mmcabl.PackForensicInputs'),
]
train_dataloader = dict(
    num_workers=1,
    dataset=dict(data_root='work_dirs/quickstart/data/train', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=8, num_workers=1, dataset=dict(data_root='work_dirs/quickstart/data/test'))
