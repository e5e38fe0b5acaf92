# No training of its own: cabl_conformer-mini-lse_b32-4e_plain-96 on the images that its options are chosen on.
_base_ = [
    '../_base_/models/cabl_conformer-mini-lse.py',
    '../_base_/datasets/real_kept-out.py',
    '../_base_/schedules/adamw_4e_scratch.py',
    '../_base_/default_runtime.py',
]
