# Full supervision as MVSS-Net's: whole images at 512 x 512, mirrored, blurred, compressed, naive manipulations. The
# paper gives no chances; ours. Test images are resized alike, maps brought back to their size.
_base_ = './protocol_512.py'
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcabl.NaiveManipulation', prob=0.5),
    dict(
        type='mmcv.RandomChoice',
        prob=[0.5, 0.125, 0.125, 0.125, 0.125],
        transforms=[[], *([dict(type='mmcabl.JPEGCompression', quality=q)] for q in (90, 70)),
                    *([dict(type='mmcabl.GaussianBlurring', kernel=k)] for k in (3, 5))]),
    dict(type='mmcv.Resize', scale=(512, 512)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs', algorithm_keys=('gt_seg_map', )),
]
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='mmcabl.KeepPicture'),
    dict(type='mmcv.Resize', scale=(512, 512)),
    dict(type='mmcabl.LoadForgeryMask'),
    dict(
        type='PackInputs',
        algorithm_keys=('gt_mask', ),
        meta_keys=('sample_idx', 'img_path', 'ori_shape', 'img_shape', 'orientation', 'unreadable', 'reason',
                   'dataset_name', 'flip', 'flip_direction', 'picture')),
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
