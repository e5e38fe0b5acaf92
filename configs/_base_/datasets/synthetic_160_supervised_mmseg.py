# Full supervision on the rehearsal's data, at its own size.
_base_ = './synthetic_160_mmseg.py'
meta_keys = _base_.meta_keys
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PackSegInputs', meta_keys=meta_keys),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type=f'mmcabl.{name}',
                data_root=f'work_dirs/tables/data/{name}',
                pipeline={{_base_.test_pipeline}},
                test_mode=True) for name in ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020')
        ]))
# IoUMetric joins all data sets in one number, and would have an interrupted test start again.
test_evaluator = [dict(type='mmcabl.ImageAUC'), dict(type='mmcabl.PixelF1')]
