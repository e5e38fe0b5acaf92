# Table IV: CABL in the first four blocks.
_base_ = './cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(backbone=dict(cabl_blocks='1-4'))
