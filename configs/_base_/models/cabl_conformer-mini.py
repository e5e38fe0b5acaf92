# A Conformer of 3 blocks, small enough to train from scratch on two cores in minutes.
model = dict(
    type='mmcabl.WeaklySupervisedLocalizer',
    backbone=dict(
        type='mmcabl.ConformerCABL',
        arch=dict(embed_dims=96, channel_ratio=1, num_heads=3, depths=3),
        base_channels=64,
        mlp_ratio=2.,
        cabl=dict(operator='sobel', structure='iii', norm='tanh'),
        cabl_blocks='all',
        last_stride=1),
    head=dict(type='mmcabl.WeakLabelHead', in_channels=256, embed_dims=96),
    data_preprocessor=dict(type='mmcabl.ForensicDataPreprocessor'),
    scales=['native'],
    union='max',
    attention='auto',
    postprocessor=dict(
        type='mmcabl.CGSR',
        # GrabCut does better with the box alone (held-out training photographs); SAM's default is Box+Point.
        prompt='box',
        compare=['null', 'point', 'box_point'],
        refiner=dict(type='mmcabl.GrabCutRefiner')))
