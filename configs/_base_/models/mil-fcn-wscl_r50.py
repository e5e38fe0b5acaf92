# WSCL on MIL-FCN: three streams of it with Otsu pooling, weights 1 : 2 : 2.
model = dict(
    type='mmcabl.WSCL',
    backbone=dict(
        type='ResNet',
        depth=50,
        deep_stem=True,
        stem_channels=128,
        out_indices=(0, 1, 2, 3),
        # see mil-fcn_r50.py
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet50-csail_mmcabl.pth')),
    stream=dict(
        type='mmcabl.FCNStream',
        head=dict(type='mmcabl.FCNMapHead', in_channels=(1024, 2048), channels=512),
        pooling=dict(type='mmcabl.OtsuPooling')),
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
    inference=dict(type='mmcabl.TiledInference', tile_size=1024, overlap=0.1),
    data_preprocessor=dict(type='mmcabl.ForensicDataPreprocessor'),
    postprocessor=dict(type='mmcabl.CGSR', normalize='none', prompt='null'))
