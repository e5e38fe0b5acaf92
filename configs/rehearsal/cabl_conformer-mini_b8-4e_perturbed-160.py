_base_ = [
    '../_base_/models/cabl_conformer-mini.py',
    '../_base_/datasets/robustness_512.py',
    '../_base_/schedules/adamw_4e_scratch.py',
    '../_base_/default_runtime.py',
]
model = dict(attention_residual=1., flip=True, postprocessor=dict(compare=['null']))
test_dataloader = dict(batch_size=8, num_workers=1)
default_hooks = dict(overlays=dict(max_images=0))
