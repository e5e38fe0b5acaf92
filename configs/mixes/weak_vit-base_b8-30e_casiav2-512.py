# The weak-label head, CAM and CGSR on mmpretrain's ViT-B/16.
_base_ = '../cabl/cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(
    # Eq. (2)'s attention is the Conformer's; other networks give their class map as it is
    attention='none',
    backbone=dict(
        _delete_=True,
        type='VisionTransformer',
        arch='base',
        img_size=512,
        patch_size=16,
        out_type='raw',
        drop_path_rate=0.1),
    head=dict(in_channels=None, embed_dims=768))
