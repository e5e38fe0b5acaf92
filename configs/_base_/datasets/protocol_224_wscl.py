# WSCL's training images: 224 px crops, half of them compressed once more at a quality that hardly shows. The public
# loader looks into the mask and calls a crop authentic that holds nothing manipulated; here masks are never opened.
_base_ = './protocol_512.py'
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomApply', transforms=[dict(type='mmcabl.JPEGCompression', quality=99)], prob=0.5),
    dict(type='RandomCrop', crop_size=224, pad_if_needed=True, padding_mode='symmetric'),
    dict(type='PackInputs'),
]
train_dataloader = dict(batch_size=36, dataset=dict(pipeline=train_pipeline))
