# CFA1 (Ferrara et al. 2012) on the four test sets. Nothing is trained; images keep their size.
_base_ = ['../_base_/datasets/protocol_512.py', '../_base_/default_runtime.py']
model = dict(type='mmcabl.CFA1')
train_dataloader = None
