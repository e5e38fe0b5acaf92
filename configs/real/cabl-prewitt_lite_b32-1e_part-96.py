# Without CGSR, as Table V.
_base_ = './cabl_lite_b32-1e_part-96.py'
model = dict(backbone=dict(cabl=dict(operator='prewitt')), postprocessor=dict(prompt='null', compare=[]))
