# Full supervision with a JPEG file's own coefficients, as CAT-Net's: 512 px crops from the 8 px grid, nothing resized
# or mirrored. Test images keep their size.
_base_ = './protocol_512.py'
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcabl.LoadDCT', skip_unreadable=True),
    dict(type='mmcabl.GridCrop', crop_size=512),
    dict(type='PackInputs', algorithm_keys=('gt_seg_map', 'dct', 'qtable')),
]
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='mmcabl.LoadDCT'),
    dict(type='mmcabl.LoadForgeryMask'),
    dict(
        type='PackInputs',
        algorithm_keys=('gt_mask', 'dct', 'qtable'),
        meta_keys=('sample_idx', 'img_path', 'ori_shape', 'img_shape', 'orientation', 'unreadable', 'reason',
                   'dataset_name', 'flip', 'flip_direction')),
]
train_dataloader = dict(batch_size=22, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type=f'mmcabl.{name}', data_root=f'data/{name}', pipeline=test_pipeline, test_mode=True)
            for name in ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020')
        ]))
