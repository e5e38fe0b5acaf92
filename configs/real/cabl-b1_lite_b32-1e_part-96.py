# A third of the blocks, as near as four stages come; without CGSR, as Table IV.
_base_ = './cabl_lite_b32-1e_part-96.py'
model = dict(backbone=dict(cabl_blocks=[1]), postprocessor=dict(prompt='null', compare=[]))
