# The quick start under mmsegmentation's scripts.
_base_ = [
    '../_base_/models/cabl_conformer-mini.py',
    '../_base_/datasets/synthetic_160_mmseg.py',
    '../_base_/schedules/adamw_8e_scratch.py',
    '../_base_/default_runtime_mmseg.py',
]
model = dict(
    type='mmcabl.WeaklySupervisedSegmentor', data_preprocessor=dict(type='mmcabl.SegForensicDataPreprocessor'),
    attention='none', flip=True)
