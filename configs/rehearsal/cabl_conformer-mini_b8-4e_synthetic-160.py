# A rehearsal of the paper's tables on synthetic data; see `make tables`. Attention as in the quick start.
_base_ = [
    '../_base_/models/cabl_conformer-mini.py',
    '../_base_/datasets/synthetic_160_protocol.py',
    '../_base_/schedules/adamw_4e_scratch.py',
    '../_base_/default_runtime.py',
]
model = dict(attention='none', flip=True)
default_hooks = dict(overlays=dict(max_images=2, only_manipulated=True))
