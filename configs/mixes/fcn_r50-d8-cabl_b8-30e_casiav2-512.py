# CABL in another network: mmsegmentation's ResNet with CABL as a plug-in layer of every bottleneck.
_base_ = '../mmseg/fcn_r50-d8_b8-30e_casiav2-512.py'
model = dict(
    backbone=dict(plugins=[
        dict(cfg=dict(type='mmcabl.CABL'), stages=(True, True, True, True), position='after_conv3')
    ]))
