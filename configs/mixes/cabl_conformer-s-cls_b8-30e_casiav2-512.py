# ConformerCABL in a plain mmpretrain classifier: its own head, its own metrics; no maps.
_base_ = '../cabl/cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(
    _delete_=True,
    type='ImageClassifier',
    backbone=dict(type='mmcabl.ConformerCABL', arch='small', out_type='pooled', last_stride=2, drop_path_rate=0.1),
    head=dict(
        type='ConformerHead',
        in_channels=[1024, 384],
        num_classes=2,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original')),
    data_preprocessor=dict(num_classes=2, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True))
# A classifier needs test images of one size.
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='Resize', scale=(512, 512)),
    dict(type='mmcabl.PackForensicInputs'),
]
test_dataloader = dict(collate_fn=dict(type='default_collate'), dataset=dict(pipeline=test_pipeline))
test_evaluator = [dict(type='mmcabl.ImageAUC')]
default_hooks = dict(overlays=dict(max_images=0))
