# The baseline of Table II: the same network without CABL.
_base_ = './cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(backbone=dict(cabl_blocks='none'))
