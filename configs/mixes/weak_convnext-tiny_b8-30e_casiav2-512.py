# The weak-label head, CAM and CGSR on mmpretrain's ConvNeXt-T.
_base_ = '../cabl/cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(
    # Eq. (2)'s attention is the Conformer's; other networks give their class map as it is
    attention='none',
    backbone=dict(
        _delete_=True,
        type='ConvNeXt',
        arch='tiny',
        gap_before_final_norm=False,  # keep the map
        drop_path_rate=0.1),
    head=dict(in_channels=768, embed_dims=None))
