# The weak-label head, CAM and CGSR on mmpretrain's ResNet-50.
_base_ = '../cabl/cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(
    # Eq. (2)'s attention is the Conformer's; other networks give their class map as it is
    attention='none',
    backbone=dict(
        _delete_=True, type='ResNet', depth=50,
        strides=(1, 2, 2, 1),  # the last map at 1/16, as the Conformer's
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    head=dict(in_channels=2048, embed_dims=None))
