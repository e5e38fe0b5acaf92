# Full supervision as GSR-Net's: whole images at 300 x 300, in testing too; maps are brought back to the images' size.
_base_ = './protocol_512.py'
train_pipeline = [
    _base_.train_pipeline[0],
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcv.Resize', scale=(300, 300)),
    dict(type='mmcabl.PackForensicInputs', algorithm_keys=('gt_seg_map', )),
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='mmcabl.KeepPicture'),  # for CGSR: the pixels before resizing
    dict(type='mmcv.Resize', scale=(300, 300)),
    *_base_.test_pipeline[1:],
]
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
