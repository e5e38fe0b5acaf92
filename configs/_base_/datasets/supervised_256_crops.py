# Full supervision on crops of 256 px at the images' own size: nothing is resized, so traces of processing stay. Test
# images keep their size.
_base_ = './protocol_512.py'
train_pipeline = [
    _base_.train_pipeline[0],
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcabl.RandomCropWithTruth', crop_size=256, pad_if_needed=True, padding_mode='symmetric'),
    dict(type='mmcv.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmcabl.PackForensicInputs', algorithm_keys=('gt_seg_map', )),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(batch_size=1)
