# Araslanov and Roth + WSCL, our reading: three streams of the former with the consistency losses of the latter. The
# batch norms learn: ImageNet's statistics are not those of noise.
_base_ = './mil-fcn-wscl_r50.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        out_indices=(0, 1, 2, 3),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    stream=dict(
        _delete_=True,
        type='mmcabl.StageStream',
        head=dict(type='mmcabl.StageHead', in_channels=2048, skip_channels=256, psi=0.3),
        pooling=dict(type='mmcabl.NormalizedGlobalWeightedPooling', p=3, weight=0.01),
        refinement=dict(iterations=10, dilations=(1, 2, 4, 8, 12, 24)),
        pretrain_epochs=15),  # a quarter of the epochs, as in stage-net_r50.py
    inference=dict(
        _delete_=True,
        type='mmcabl.ScaledInference',
        scales=(1, 0.75, 1.25, 1.5),
        flip=True,
        max_side=1024,
        background_power=3,
        least_score=0.3))
