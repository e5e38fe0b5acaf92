# ConformerCABL in mmpretrain's classifier, with the Conformer's own head: no maps.
model = dict(
    type='ImageClassifier',
    backbone=dict(type='mmcabl.ConformerCABL', arch='small', out_type='pooled', last_stride=2, drop_path_rate=0.1),
    head=dict(
        type='ConformerHead',
        in_channels=[1024, 384],
        num_classes=2,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original')),
    data_preprocessor=dict(num_classes=2, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True))
