# Nothing is trained; CGSR beside the system's own map shows what it adds.
_base_ = ['../_base_/datasets/real.py', '../_base_/default_runtime.py']
model = dict(type='mmcabl.NOII', postprocessor=dict(
    compare=['point', 'box', 'box_point'], refiner=dict(type='mmcabl.GrabCutRefiner')))
train_dataloader = None
