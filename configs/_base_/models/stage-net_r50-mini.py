# A quarter of ResNet-50's channels, from scratch; shown to it as our small network is, with its mirror image.
_base_ = './stage-net_r50.py'
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    backbone=dict(
        base_channels=16, stem_channels=16, frozen_stages=-1, norm_cfg=norm_cfg, norm_eval=False, init_cfg=None),
    head=dict(in_channels=512, skip_channels=64, channels=64, reduced_channels=16, aspp=dict(norm_eval=False)),
    pretrain_epochs=1,
    inference=dict(_delete_=True, type='mmcabl.ScaledInference', flip=True, score='mean'),
    postprocessor=dict(compare=['point', 'box', 'box_point'], refiner=dict(type='mmcabl.GrabCutRefiner')))
