# A quarter of ResNet-50's channels, from scratch; shown to it as our small network is, with its mirror image.
_base_ = './mil-fcn-wscl_r50.py'
model = dict(
    backbone=dict(base_channels=16, stem_channels=32, init_cfg=None),
    stream=dict(head=dict(in_channels=(256, 512), channels=128)),
    volume=dict(in_channels=128),
    inference=dict(_delete_=True, type='mmcabl.ScaledInference', flip=True, score='mean'),
    postprocessor=dict(compare=['point', 'box', 'box_point'], refiner=dict(type='mmcabl.GrabCutRefiner')))
