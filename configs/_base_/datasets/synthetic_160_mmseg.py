# The quick start's data in mmsegmentation's pipelines; weak, as there.
_base_ = './synthetic_160.py'
train_pipeline = [*_base_.train_pipeline[:-1], dict(type='mmcabl.PackForensicSegInputs')]
test_pipeline = [
    _base_.test_pipeline[0], dict(type='mmcabl.LoadForgerySegMap'), dict(type='mmcabl.PackForensicSegInputs')]
train_dataloader = dict(collate_fn=dict(type='pseudo_collate'), dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_evaluator = [
    dict(type='mmcabl.ImageAUC'),
    dict(type='mmcabl.PixelF1'),
    dict(type='mmcabl.PixelScores'),
    dict(type='IoUMetric', iou_metrics=['mIoU', 'mFscore']),
]
