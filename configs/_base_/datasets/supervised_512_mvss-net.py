# Full supervision as MVSS-Net's: whole images at 512 x 512, mirrored, blurred, compressed, naive manipulations. The
# paper gives no chances; ours. Test images are resized alike, maps brought back to their size; refiners see them as
# they are.
_base_ = './protocol_512.py'
train_pipeline = [
    _base_.train_pipeline[0],
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcabl.NaiveManipulation', prob=0.5),
    dict(
        type='mmcv.RandomChoice',
        prob=[0.5, 0.125, 0.125, 0.125, 0.125],
        transforms=[[], *([dict(type='mmcabl.JPEGCompression', quality=q)] for q in (90, 70)),
                    *([dict(type='mmcabl.GaussianBlurring', kernel=k)] for k in (3, 5))]),
    dict(type='mmcv.Resize', scale=(512, 512)),
    dict(type='mmcv.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmcabl.PackForensicInputs', algorithm_keys=('gt_seg_map', )),
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='mmcabl.KeepPicture'),
    dict(type='mmcv.Resize', scale=(512, 512)),
    *_base_.test_pipeline[1:],  # load truth, pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
