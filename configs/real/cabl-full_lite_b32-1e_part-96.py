# No training of its own: Eq. (2) as it is written, without the residual.
_base_ = './cabl_lite_b32-1e_part-96.py'
model = dict(attention_residual=0., postprocessor=dict(prompt='null', compare=[]))
