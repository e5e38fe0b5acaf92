# Fig. 5, for testing a checkpoint of configs/cabl. Only the final mask: refined masks of 24 variants take long.
_base_ = [
    '../_base_/models/cabl_conformer-s.py',
    '../_base_/datasets/robustness_512.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime.py',
]
model = dict(postprocessor=dict(compare=['null']))
