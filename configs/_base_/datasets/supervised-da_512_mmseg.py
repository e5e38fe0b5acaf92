# Full supervision with forgery augmentation ("DA"): naive manipulations, compression, blur, mirroring.
_base_ = './supervised_512_mmseg.py'
meta_keys = _base_.meta_keys
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcabl.NaiveManipulation', prob=0.5),
    dict(
        type='mmcv.RandomResize',
        scale=(640, 640),
        ratio_range=(0.5, 1.0),
        keep_ratio=True,
        resize_type='mmcv.Resize'),
    dict(
        type='mmcv.RandomChoice',
        prob=[0.5, 0.125, 0.125, 0.125, 0.125],
        transforms=[[], *([dict(type='mmcabl.JPEGCompression', quality=q)] for q in (90, 70)),
                    *([dict(type='mmcabl.GaussianBlurring', kernel=k)] for k in (3, 5))]),
    dict(type='RandomCrop', crop_size=(512, 512)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
