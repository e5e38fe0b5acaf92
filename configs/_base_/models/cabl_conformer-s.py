# Conformer-S with CABL in all 12 blocks, weak-label head, Eq. (2), CGSR with SAM ViT-H.
_base_ = './cabl.py'
model = dict(
    backbone=dict(
        arch='small',
        cabl_blocks='1-12',
        drop_path_rate=0.1,
        # ImageNet weights as mmpretrain publishes them. Without internet access, download the file and
        # give its path: --cfg-options model.backbone.init_cfg.checkpoint=PATH
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/conformer/'
            'conformer-small-p16_3rdparty_8xb128_in1k_20211206-3065dcf5.pth',
            prefix='backbone')),
    head=dict(in_channels=1024, embed_dims=384),
    scales=[256, 512, 768],  # test scales, sides of squares in px
    postprocessor=dict(
        compare=['null', 'point', 'box'],  # Table VI in the same run: SAM encodes an image once
        refiner=dict(
            type='mmcabl.SAMRefiner',
            model='vit_h',
            checkpoint='checkpoints/sam_vit_h_4b8939.pth',
            dtype='bfloat16',  # of the encoder
            batch_size=4,  # images encoded at a time
            multimask_output=False,  # True: the best of SAM's three masks
            cache_dir=None)))  # folder that keeps encodings for other runs
