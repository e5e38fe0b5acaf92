_base_ = './cabl_lite_b32-1e_part-96.py'
model = dict(backbone=dict(cabl_blocks='none'), postprocessor=dict(compare=['null']))
