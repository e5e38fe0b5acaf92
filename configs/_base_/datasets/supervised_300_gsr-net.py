# Full supervision as GSR-Net's: whole images at 300 x 300, in testing too; maps are brought back to the images' size.
_base_ = './protocol_512.py'
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcv.Resize', scale=(300, 300)),
    dict(type='PackInputs', algorithm_keys=('gt_seg_map', )),
]
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='mmcabl.KeepPicture'),
    dict(type='mmcv.Resize', scale=(300, 300)),
    dict(type='mmcabl.LoadForgeryMask'),
    dict(
        type='PackInputs',
        algorithm_keys=('gt_mask', ),
        meta_keys=('sample_idx', 'img_path', 'ori_shape', 'img_shape', 'orientation', 'unreadable', 'reason',
                   'dataset_name', 'flip', 'flip_direction', 'picture')),
]
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type=f'mmcabl.{name}', data_root=f'data/{name}', pipeline=test_pipeline, test_mode=True)
            for name in ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020')
        ]))
