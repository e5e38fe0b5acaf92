# Weak training on windows of real forgeries beside their hosts (tools/pair_forgeries.py) and on plain forgeries of
# authentic photographs (tools/make_forgeries.py --pasting), all of CASIA v2; the test on real images: CASIA v1 as
# published, the same with every image saved again at one quality, COVERAGE. docs/real.md has the commands.
_base_ = './synthetic_160.py'
meta_keys = ('sample_idx', 'img_path', 'ori_shape', 'img_shape', 'orientation', 'unreadable', 'reason',
             'dataset_name', 'flip', 'flip_direction')
saved_again = dict(type='mmcabl.JPEGCompression', quality=90)
sets = {'CASIAv1': ('CASIAv1', []), 'CASIAv1-q90': ('CASIAv1', [saved_again]), 'COVERAGE': ('COVERAGE', [])}
train_dataloader = dict(
    batch_size=48,
    num_workers=1,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type='mmcabl.CASIAv2', data_root=f'work_dirs/real/data/{part}', pipeline={{_base_.train_pipeline}})
            for part in ('windows', 'plain')
        ]))
test_dataloader = dict(
    batch_size=4,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type=f'mmcabl.{kind}',
                name=name,
                data_root=f'data/{kind}',
                test_mode=True,
                pipeline=[
                    dict(type='mmcabl.LoadForensicImage'),
                    *steps,
                    dict(type='mmcabl.LoadForgeryMask'),
                    dict(type='PackInputs', algorithm_keys=('gt_mask', ), meta_keys=meta_keys),
                ]) for name, (kind, steps) in sets.items()
        ]))
