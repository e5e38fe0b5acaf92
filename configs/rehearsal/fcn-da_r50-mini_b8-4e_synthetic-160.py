# Compression and blur are left out of the augmentation: they would erase the noise that tells these forgeries.
_base_ = './fcn_r50-mini_b8-4e_synthetic-160.py'
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcabl.NaiveManipulation', prob=0.5),
    dict(type='RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PackSegInputs', meta_keys=_base_.meta_keys),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
