_base_ = './cabl_conformer-mini_b8-4e_synthetic-160.py'
model = dict(backbone=dict(cabl=dict(operator='prewitt')))
