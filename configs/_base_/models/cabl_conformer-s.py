# Conformer-S with CABL in all 12 blocks, weak-label head, Eq. (2), CGSR with SAM ViT-H.
model = dict(
    type='mmcabl.WeaklySupervisedLocalizer',
    backbone=dict(
        type='mmcabl.ConformerCABL',
        arch='small',
        cabl=dict(operator='sobel', structure='iii', norm='tanh'),
        cabl_blocks='1-12',
        last_stride=1,
        drop_path_rate=0.1,
        # ImageNet weights as mmpretrain publishes them. Without internet access, download the file and
        # give its path: --cfg-options model.backbone.init_cfg.checkpoint=PATH
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/conformer/'
            'conformer-small-p16_3rdparty_8xb128_in1k_20211206-3065dcf5.pth',
            prefix='backbone')),
    head=dict(type='mmcabl.WeakLabelHead', in_channels=1024, embed_dims=384),
    data_preprocessor=dict(type='mmcabl.ForensicDataPreprocessor'),
    scales=[256, 512, 768],
    flip=False,
    union='max',
    attention='auto',
    postprocessor=dict(
        type='mmcabl.CGSR',
        threshold=0.5,
        prompt='box_point',
        compare=['null', 'point', 'box'],  # Table VI in the same run: SAM encodes an image once
        refiner=dict(
            type='mmcabl.SAMRefiner',
            model='vit_h',
            checkpoint='checkpoints/sam_vit_h_4b8939.pth',
            dtype='bfloat16')))
