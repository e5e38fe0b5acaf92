_base_ = './cabl_lite_kept-out.py'
model = dict(backbone=dict(cabl_blocks='none'), scales=['within 512', 'within 256'])
