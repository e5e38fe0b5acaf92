# The weak-label head, CAM and CGSR on mmpretrain's Swin-T.
_base_ = '../cabl/cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(
    # Eq. (2)'s attention is the Conformer's; other networks give their class map as it is
    attention='none',
    backbone=dict(
        _delete_=True,
        type='SwinTransformer',
        arch='tiny',
        img_size=512,
        pad_small_map=True,  # test scales are no multiples of its windows
        drop_path_rate=0.2),
    head=dict(in_channels=768, embed_dims=None))
