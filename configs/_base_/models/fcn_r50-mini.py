# A quarter of ResNet-50's channels, maps at 1/16 as the Conformer's, from scratch.
_base_ = './fcn_r50-d8.py'
model = dict(
    data_preprocessor=dict(size=(160, 160)),
    backbone=dict(
        base_channels=16, stem_channels=16, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 1), init_cfg=None),
    decode_head=dict(in_channels=512, channels=64))
