# Train on CASIA v2 (images and labels; masks are never opened), random scaling as TransCAM's:
# longer side 320 to 640 px, then a 512 px crop. Test images keep their size; the model rescales them.
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(
        type='mmcv.RandomResize',
        scale=(640, 640),
        ratio_range=(0.5, 1.0),
        keep_ratio=True,
        resize_type='mmcv.Resize'),
    dict(type='mmpretrain.RandomCrop', crop_size=512, pad_if_needed=True, padding_mode='symmetric'),
    dict(type='mmcv.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmcabl.PackForensicInputs'),
]
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='mmcabl.LoadForgeryMask'),
    dict(type='mmcabl.PackForensicInputs'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(type='mmcabl.CASIAv2', data_root='data/CASIAv2', pipeline=train_pipeline))

# Any data set in CASIA v2's layout.
test_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='mmcabl.EveryImageOnceSampler'),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type='mmcabl.CASIAv2', data_root='data/test', pipeline=test_pipeline, test_mode=True))
test_evaluator = [dict(type='mmcabl.ImageAUC'), dict(type='mmcabl.PixelF1'), dict(type='mmcabl.PixelScores')]
# Per-image results on disk; an interrupted test goes on where it stopped.
test_cfg = dict(type='mmcabl.ResumableTestLoop')
