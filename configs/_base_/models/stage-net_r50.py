# Araslanov and Roth: ResNet-50 whose last stage keeps 1/16, batch norms of the backbone as ImageNet left them.
model = dict(
    type='mmcabl.StageNet',
    backbone=dict(
        type='ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        out_indices=(0, 1, 2, 3),
        frozen_stages=0,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    head=dict(type='mmcabl.StageHead', in_channels=2048, skip_channels=256, psi=0.3, aspp=dict(norm_eval=True)),
    pooling=dict(type='mmcabl.NormalizedGlobalWeightedPooling', p=3, weight=0.01),
    refinement=dict(iterations=10, dilations=(1, 2, 4, 8, 12, 24)),
    pretrain_epochs=5,
    inference=dict(
        type='mmcabl.ScaledInference',
        scales=(1, 0.75, 1.25, 1.5),
        flip=True,
        max_side=1024,  # our reading: the paper's images have 500 px at most
        background_power=3,
        least_score=0.3),
    data_preprocessor=dict(type='mmcabl.ForensicDataPreprocessor'),
    postprocessor=dict(type='mmcabl.CGSR', normalize='none', prompt='null'))
