# To choose on: whole real forgeries of CASIA v2 that no training of configs/real/*plain* has seen, with masks from
# their hosts (tools/pair_forgeries.py --whole), at their own size and at 256 px, all saved again at one quality.
_base_ = './real_plain-96.py'
kept_out = {'native': 'kept-native', 'small': 'kept-256'}
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type='mmcabl.CASIAv2',
                name=name,
                data_root=f'work_dirs/real/data/{folder}',
                test_mode=True,
                pipeline=[
                    dict(type='mmcabl.LoadForensicImage'),
                    dict(type='mmcabl.JPEGCompression', quality=90),
                    dict(type='mmcabl.LoadForgeryMask'),
                    dict(type='PackInputs', algorithm_keys=('gt_mask', ), meta_keys={{_base_.meta_keys}}),
                ]) for name, folder in kept_out.items()
        ]))
