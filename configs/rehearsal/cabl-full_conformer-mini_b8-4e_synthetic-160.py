# No training of its own: Eq. (2) as it is written, without the residual.
_base_ = './cabl_conformer-mini_b8-4e_synthetic-160.py'
model = dict(attention_residual=0., postprocessor=dict(prompt='null', compare=[]))
