# Two thirds of the blocks, as the paper's 1-8 of 12.
_base_ = './cabl_conformer-mini_b8-4e_casiav2-160.py'
model = dict(backbone=dict(cabl_blocks='1-2'))
