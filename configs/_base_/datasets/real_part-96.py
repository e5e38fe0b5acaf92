# A part of real_windows-96.py, so that the trainings of `make real` take an afternoon of two cores: 4,000 plain
# windows of each kind and half of those of real forgeries. Tests on forgeries of CASIA v2 that were kept out, on
# COVERAGE, and on CASIA v1 saved again at one quality: as published, its files tell their label by their compression.
_base_ = './real_windows-96.py'
every = {'plain-96': 4, 'pasted-96': 4, 'windows-96': 2}
saved_again = [dict(type='mmcabl.JPEGCompression', quality=90)]
tested = {
    'kept-out': ('CASIAv2', 'work_dirs/real/data/kept-native', saved_again),
    'CASIAv1-q90': ('CASIAv1', 'data/CASIAv1', saved_again),
    'COVERAGE': ('COVERAGE', 'data/COVERAGE', []),
}
train_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type='mmcabl.CASIAv2',
                data_root=f'work_dirs/real/data/{part}',
                every=step,
                pipeline={{_base_.train_pipeline}}) for part, step in every.items()
        ]))
test_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type=f'mmcabl.{kind}',
                name=name,
                data_root=root,
                test_mode=True,
                pipeline=[
                    dict(type='mmcabl.LoadForensicImage'),
                    *steps,
                    dict(type='mmcabl.LoadForgeryMask'),
                    dict(type='PackInputs', algorithm_keys=('gt_mask', ), meta_keys={{_base_.meta_keys}}),
                ]) for name, (kind, root, steps) in tested.items()
        ]))
