_base_ = './cabl_conformer-mini_b8-4e_casiav2-160.py'
model = dict(backbone=dict(cabl=dict(structure='i')))
