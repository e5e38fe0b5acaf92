# Without CGSR, as Table III.
_base_ = './cabl_lite_b32-1e_part-96.py'
model = dict(backbone=dict(cabl=dict(structure='ii')), postprocessor=dict(prompt='null', compare=[]))
