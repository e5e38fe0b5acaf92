# The weak-label head, CAM and CGSR on mmpretrain's ConvNeXt-T, which here keeps its last map.
_base_ = './weak_resnet50_b8-30e_casiav2-512.py'
model = dict(
    backbone=dict(_delete_=True, type='ConvNeXt', arch='tiny', gap_before_final_norm=False, drop_path_rate=0.1),
    head=dict(in_channels=768))
