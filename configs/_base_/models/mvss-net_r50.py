# MVSS-Net as its public code, which sees images as BGR.
model = dict(
    type='mmcabl.MVSSNet',
    # ImageNet weights for both, as in the public code. Without internet access, download the file and give its path:
    # --cfg-options model.backbone.init_cfg.checkpoint=PATH model.noise_backbone.init_cfg.checkpoint=PATH
    backbone=dict(
        type='mmcabl.MultiGridResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    noise_backbone=dict(
        type='mmcabl.MultiGridResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    channel_order='bgr',
    weights=(0.16, 0.04, 0.8),
    # CGSR on top: --cfg-options model.postprocessor.compare="['point','box','box_point']" and a refiner
    postprocessor=dict(type='mmcabl.CGSR', normalize='none', prompt='null'))
