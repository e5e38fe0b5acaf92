# Full supervision on the same data sets: masks in training. Test images are resized to the network's side; the
# truth, loaded after that, and the prediction have the image's own size.
_base_ = './protocol_512_mmseg.py'
train_pipeline = [
    _base_.train_pipeline[0],
    dict(type='mmcabl.LoadForgerySegMap'),
    _base_.train_pipeline[1],  # random scaling
    dict(type='RandomCrop', crop_size=(512, 512)),  # mmseg's, with the truth
    dict(_base_.train_pipeline[3], type='RandomFlip'),  # likewise
    _base_.train_pipeline[4],  # pack
]
test_pipeline = [_base_.test_pipeline[0], dict(type='mmcv.Resize', scale=(512, 512)), *_base_.test_pipeline[1:]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
