# A quarter of ResNet-50's channels, from scratch; shown to it as our small network is, with its mirror image.
_base_ = './stage-net-wscl_r50.py'
model = dict(
    backbone=dict(base_channels=16, stem_channels=16, init_cfg=None),
    stream=dict(
        head=dict(in_channels=512, skip_channels=64, channels=64, reduced_channels=16), pretrain_epochs=1),
    volume=dict(in_channels=128),
    inference=dict(_delete_=True, type='mmcabl.ScaledInference', flip=True, score='mean'),
    postprocessor=dict(compare=['point', 'box', 'box_point'], refiner=dict(type='mmcabl.GrabCutRefiner')))
