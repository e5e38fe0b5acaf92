# No training of its own: the united map of Eq. (2), without the attention.
_base_ = './cabl_lite_b32-1e_part-96.py'
model = dict(attention='none', postprocessor=dict(prompt='null', compare=[]))
