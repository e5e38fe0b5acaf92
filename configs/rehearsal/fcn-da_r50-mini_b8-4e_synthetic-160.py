# Compression and blur are left out of the augmentation: they would erase the noise that tells these forgeries.
_base_ = './fcn_r50-mini_b8-4e_synthetic-160.py'
train_pipeline = [
    *_base_.train_pipeline[:2], dict(type='mmcabl.NaiveManipulation', prob=0.5), *_base_.train_pipeline[2:]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
