# Shown once and cut as our map is: what is compared is the training.
_base_ = ['../_base_/models/stage-net-wscl_r50-mini.py', '../_base_/real_160.py']
model = dict(inference=dict(flip=False), postprocessor=dict(normalize='min_max'))
