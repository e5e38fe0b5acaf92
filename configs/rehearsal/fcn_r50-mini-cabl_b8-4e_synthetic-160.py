_base_ = './fcn_r50-mini_b8-4e_synthetic-160.py'
model = dict(
    backbone=dict(plugins=[
        dict(cfg=dict(type='mmcabl.CABL'), stages=(True, True, True, True), position='after_conv3')
    ]))
