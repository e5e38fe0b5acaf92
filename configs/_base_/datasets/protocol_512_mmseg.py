# The protocol in mmsegmentation's pipelines. Weak: training sees images and image labels, never a mask.
_base_ = './protocol_512.py'
meta_keys = ('sample_idx', 'img_path', 'ori_shape', 'img_shape', 'orientation', 'unreadable', 'reason',
             'dataset_name', 'gt_label')
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(
        type='mmcv.RandomResize',
        scale=(640, 640),
        ratio_range=(0.5, 1.0),
        keep_ratio=True,
        resize_type='mmcv.Resize'),
    dict(type='mmpretrain.RandomCrop', crop_size=512, pad_if_needed=True, padding_mode='symmetric'),
    dict(type='mmcv.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
train_dataloader = dict(collate_fn=dict(type='pseudo_collate'), dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=1,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type=f'mmcabl.{name}', data_root=f'data/{name}', pipeline=test_pipeline, test_mode=True)
            for name in ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020')
        ]))
