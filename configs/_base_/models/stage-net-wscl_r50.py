# Araslanov and Roth + WSCL, our reading: three streams of the former with the consistency losses of the latter. The
# batch norms learn: ImageNet's statistics are not those of noise.
model = dict(
    type='mmcabl.WSCL',
    backbone=dict(
        type='ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        out_indices=(0, 1, 2, 3),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    stream=dict(
        type='mmcabl.StageStream',
        head=dict(type='mmcabl.StageHead', in_channels=2048, skip_channels=256, psi=0.3),
        pooling=dict(type='mmcabl.NormalizedGlobalWeightedPooling', p=3, weight=0.01),
        refinement=dict(iterations=10, dilations=(1, 2, 4, 8, 12, 24)),
        pretrain_epochs=15),  # a quarter of the epochs, as in stage-net_r50.py
    sources=dict(
        rgb=None,
        srm=dict(type='mmcabl.SRMConv2d', bank='sum', clip=5.),
        bayar=dict(type='mmcabl.BayarConv2d', in_channels=3, out_channels=3, padding=2)),
    weights=dict(rgb=1., srm=2., bayar=2.),
    volume=dict(type='mmcabl.ConsistencyVolume', in_channels=512),
    volume_stage=1,
    multi_source=0.1,
    inter_patch=0.1,
    steepness=5.,
    inference=dict(
        type='mmcabl.ScaledInference',
        scales=(1, 0.75, 1.25, 1.5),
        flip=True,
        max_side=1024,
        background_power=3,
        least_score=0.3),
    data_preprocessor=dict(type='mmcabl.ForensicDataPreprocessor'),
    postprocessor=dict(type='mmcabl.CGSR', normalize='none', prompt='null'))
