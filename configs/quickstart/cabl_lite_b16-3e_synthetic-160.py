# What `make quickstart` trains: CABL in every stage, Eq. (2) in full with a residual of 1, GrabCut for SAM.
_base_ = [
    '../_base_/models/cabl_lite.py',
    '../_base_/datasets/synthetic_160.py',
    '../_base_/schedules/adamw_3e_tuning.py',
    '../_base_/default_runtime.py',
]
model = dict(
    # not `load_from`, which `--resume auto` leaves out; from the root of a clone, the quick start gives its own path
    init_cfg=dict(type='Pretrained', checkpoint='mmcabl/zoo/weights/lite-real.safetensors'),
    backbone=dict(init_cfg=None),
    postprocessor=dict(prompt='box', compare=['null', 'point', 'box_point']))
train_dataloader = dict(batch_size=16)
default_hooks = dict(logger=dict(interval=25), overlays=dict(max_images=24, only_manipulated=True))
