# For mmsegmentation's scripts.
_base_ = './default_runtime.py'
default_scope = 'mmseg'
custom_imports = dict(
    _delete_=True,
    imports=[
        'mmcabl.engine.cpu.switched_on',  # `--amp` and `--launcher` of the upstream scripts work without a GPU too
        'mmcabl.checkpoints.mmengine_loader',  # weights are loaded as data, never as code
        'mmcabl.segmentation',  # registers the parts for mmsegmentation
    ],
    allow_failed_imports=False)
visualizer = dict(
    _delete_=True, type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')], name='visualizer')
# For `--show-dir`; and `--tta`, on top of the model's test scales.
default_hooks = dict(visualization=dict(_delete_=True, type='mmcabl.SegmentationOverlayHook'))
tta_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='mmcv.RandomFlip', prob=p, direction='horizontal') for p in (0., 1.)],
            [dict(type='mmcabl.LoadForgerySegMap')],
            [dict(type='mmcabl.PackForensicSegInputs')],
        ])
]
