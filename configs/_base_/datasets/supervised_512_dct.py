# Full supervision with a JPEG file's own coefficients, as CAT-Net's: 512 px crops from the 8 px grid, nothing resized
# or mirrored. Test images keep their size.
_base_ = './protocol_512.py'
train_pipeline = [
    _base_.train_pipeline[0],
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcabl.LoadDCT', skip_unreadable=True),
    dict(type='mmcabl.GridCrop', crop_size=512),
    dict(type='mmcabl.PackForensicInputs', algorithm_keys=('gt_seg_map', 'dct', 'qtable')),
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='mmcabl.LoadDCT'),
    _base_.test_pipeline[1],  # load truth
    dict(type='mmcabl.PackForensicInputs', algorithm_keys=('gt_mask', 'dct', 'qtable')),
]
train_dataloader = dict(batch_size=22, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
