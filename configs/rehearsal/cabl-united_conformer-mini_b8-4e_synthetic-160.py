# No training of its own: the united map of Eq. (2), without the attention.
_base_ = './cabl_conformer-mini_b8-4e_synthetic-160.py'
model = dict(attention='none', postprocessor=dict(prompt='null', compare=[]))
