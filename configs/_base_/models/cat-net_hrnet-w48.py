# CAT-Net, both streams. Published weights of the whole network need no ImageNet weights.
model = dict(
    type='mmcabl.CATNet',
    backbone=dict(
        type='mmcabl.BilinearHRNet',
        arch='w48',
        norm_cfg=dict(type='BN', momentum=0.01),
        # ImageNet weights as mmpretrain publishes them. Without internet access, download the file and give its path:
        # --cfg-options model.backbone.init_cfg.checkpoint=PATH
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/hrnet/'
            'hrnet-w48_3rdparty_8xb32_in1k_20220120-e555ef50.pth',
            prefix='backbone')),
    # The papers train this stream on double JPEG compression first: those weights are published, too.
    dct_stream=dict(type='mmcabl.DCTStream', init_cfg=dict(type='Normal', layer='Conv2d', std=0.001)),
    head=dict(type='mmcabl.StreamFusionHead', init_cfg=dict(type='Normal', layer='Conv2d', std=0.001)),
    class_weights=(0.5, 2.5),
    data_preprocessor=dict(type='mmcabl.ForensicDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    # CGSR on top: --cfg-options model.postprocessor.compare="['point','box','box_point']" and a refiner
    postprocessor=dict(type='mmcabl.CGSR', normalize='none', prompt='null'))
