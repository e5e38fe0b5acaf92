# Full supervision with forgery augmentation ("DA"): naive manipulations, compression, blur, mirroring.
_base_ = './supervised_512_mmseg.py'
train_pipeline = [
    *_base_.train_pipeline[:2],  # load image and truth
    dict(type='mmcabl.NaiveManipulation', prob=0.5),
    _base_.train_pipeline[2],  # random scaling
    dict(
        type='mmcv.RandomChoice',
        prob=[0.5, 0.125, 0.125, 0.125, 0.125],
        transforms=[[], *([dict(type='mmcabl.JPEGCompression', quality=q)] for q in (90, 70)),
                    *([dict(type='mmcabl.GaussianBlurring', kernel=k)] for k in (3, 5))]),
    *_base_.train_pipeline[3:],  # crop, mirror, pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
