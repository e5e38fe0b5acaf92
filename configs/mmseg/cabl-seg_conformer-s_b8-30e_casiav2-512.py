# The method under mmsegmentation's scripts: the same network, training and protocol as in configs/cabl.
_base_ = [
    '../_base_/models/cabl_conformer-s.py',
    '../_base_/datasets/protocol_512_mmseg.py',
    '../_base_/schedules/adamw_30e.py',
    '../_base_/default_runtime_mmseg.py',
]
model = dict(
    type='mmcabl.WeaklySupervisedSegmentor', data_preprocessor=dict(type='mmcabl.SegForensicDataPreprocessor'))
