# Table III, structure i: X + E(X), our reading.
_base_ = './cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(backbone=dict(cabl=dict(structure='i')))
