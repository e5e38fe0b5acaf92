_base_ = [
    '../_base_/models/cabl_conformer-mini.py',
    '../_base_/datasets/synthetic_160.py',
    '../_base_/schedules/adamw_8e_scratch.py',
    '../_base_/default_runtime.py',
]
# Three blocks trained from scratch for minutes attend uniformly or to the wrong places: A @ M then blurs or
# inverts the map. The united map M_T u M_C is used as it is; the report of `make quickstart` shows both.
model = dict(attention='none', flip=True)
default_hooks = dict(logger=dict(interval=25), overlays=dict(max_images=24, only_manipulated=True))
