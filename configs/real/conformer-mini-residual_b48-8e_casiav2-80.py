_base_ = './cabl_conformer-mini-residual_b48-8e_casiav2-80.py'
model = dict(backbone=dict(cabl_blocks='none'))
