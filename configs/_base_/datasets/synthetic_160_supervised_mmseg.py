# Full supervision on the rehearsal's data, at its own size.
_base_ = './synthetic_160_mmseg.py'
train_pipeline = [
    _base_.train_pipeline[0], dict(type='mmcabl.LoadForgerySegMap'),
    dict(_base_.train_pipeline[1], type='RandomFlip'),  # mmseg's mirrors the truth, too
    _base_.train_pipeline[2]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(type='mmcabl.ForgeryBenchmark', data_root='work_dirs/tables/data'))
# IoUMetric joins all data sets in one number, and would have an interrupted test start again.
test_evaluator = [dict(type='mmcabl.ImageAUC'), dict(type='mmcabl.PixelF1'), dict(type='mmcabl.PixelScores')]
