_base_ = './cabl_lite_kept-out.py'
model = dict(backbone=dict(cabl_blocks='none'), scales=['within 768', 'within 256'], scored_scales=1)
