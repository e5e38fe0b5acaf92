# Weak training on 574 images of CASIA v2, half of them manipulated, the same for every system: what two cores bear.
# The paper's scaling at this size: the longer side 160 to 256 px, then a crop of 160 px. Tests on real images.
_base_ = './real.py'
train_pipeline = [
    dict(type='mmcabl.LoadForensicImage', skip_unreadable=True),
    dict(
        type='mmcv.RandomResize',
        scale=(256, 256),
        ratio_range=(0.625, 1.0),
        keep_ratio=True,
        resize_type='mmcv.Resize'),
    dict(type='mmpretrain.RandomCrop', crop_size=160, pad_if_needed=True, padding_mode='symmetric'),
    dict(type='mmcv.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmcabl.PackForensicInputs'),
]
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        _delete_=True,
        type='mmcabl.CASIAv2',
        data_root='data/CASIAv2',
        # every 26th of the 7,491 authentic images, every 18th of the 5,123 manipulated ones
        indices=[*range(0, 7491, 26), *range(7491, 12614, 18)],
        pipeline=train_pipeline))
