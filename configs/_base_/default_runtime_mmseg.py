# For mmsegmentation's scripts.
_base_ = './default_runtime.py'
default_scope = 'mmseg'
custom_imports = dict(
    _delete_=True,
    imports=['mmcabl.engine.cpu_distributed', 'mmcabl.segmentation'],
    allow_failed_imports=False)
visualizer = dict(
    _delete_=True, type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')], name='visualizer')
