# The quick start's data in mmsegmentation's pipelines; weak, as there.
_base_ = './synthetic_160.py'
meta_keys = ('sample_idx', 'img_path', 'ori_shape', 'img_shape', 'orientation', 'unreadable', 'reason',
             'dataset_name', 'gt_label')
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(
        type='mmcv.RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
train_dataloader = dict(collate_fn=dict(type='pseudo_collate'), dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_evaluator = [
    dict(type='mmcabl.ImageAUC'),
    dict(type='mmcabl.PixelF1'),
    dict(type='IoUMetric', iou_metrics=['mIoU', 'mFscore']),
]
