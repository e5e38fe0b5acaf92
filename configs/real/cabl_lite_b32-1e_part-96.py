# Ours in `make real`: the box is the final prompt, the rows without CGSR are its Null.
_base_ = [
    '../_base_/models/cabl_lite.py',
    '../_base_/datasets/real_part-96.py',
    '../_base_/schedules/adamw_1e_lite.py',
    '../_base_/default_runtime.py',
]
model = dict(postprocessor=dict(prompt='box', compare=['null', 'point', 'box_point']))
