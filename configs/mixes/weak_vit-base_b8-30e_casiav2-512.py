# The weak-label head, CAM and CGSR on mmpretrain's ViT-B/16: tokens, no convolutional map.
_base_ = './weak_resnet50_b8-30e_casiav2-512.py'
model = dict(
    backbone=dict(
        _delete_=True, type='VisionTransformer', arch='base', img_size=512, patch_size=16, out_type='raw',
        drop_path_rate=0.1),
    head=dict(in_channels=None, embed_dims=768))
