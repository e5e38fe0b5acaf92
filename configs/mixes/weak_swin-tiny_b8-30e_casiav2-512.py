# The weak-label head, CAM and CGSR on mmpretrain's Swin-T. Test scales are no multiples of its windows: padded.
_base_ = './weak_resnet50_b8-30e_casiav2-512.py'
model = dict(
    backbone=dict(
        _delete_=True, type='SwinTransformer', arch='tiny', img_size=512, pad_small_map=True, drop_path_rate=0.2),
    head=dict(in_channels=768))
