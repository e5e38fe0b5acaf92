# Full supervision on the same data sets: masks in training. Test images are resized to the network's side; the
# truth, loaded after that, and the prediction have the image's own size.
_base_ = './protocol_512_mmseg.py'
meta_keys = _base_.meta_keys
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(
        type='mmcv.RandomResize',
        scale=(640, 640),
        ratio_range=(0.5, 1.0),
        keep_ratio=True,
        resize_type='mmcv.Resize'),
    dict(type='RandomCrop', crop_size=(512, 512)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='mmcv.Resize', scale=(512, 512)),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type=f'mmcabl.{name}', data_root=f'data/{name}', pipeline=test_pipeline, test_mode=True)
            for name in ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020')
        ]))
