# ConformerCABL as the backbone of an mmsegmentation model, fully supervised: maps of stride 4, 8, 16, 16.
_base_ = '../mmseg/fcn_r50-d8_b8-30e_casiav2-512.py'
model = dict(
    backbone=dict(
        _delete_=True, type='mmcabl.ConformerCABL', arch='small', out_type='featmap', out_indices=(4, 8, 11, 12),
        drop_path_rate=0.1),
    decode_head=dict(in_channels=1024))
