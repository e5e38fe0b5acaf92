# Weak training on windows of real forgeries of CASIA v2 beside the photographs they were made of
# (tools/pair_forgeries.py: where they differ is known, though nobody drew it), and on those of real_plain-96.py.
_base_ = './real_plain-96.py'
train_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(type='mmcabl.CASIAv2', data_root=f'work_dirs/real/data/{part}', pipeline={{_base_.train_pipeline}})
            for part in ('plain-96', 'pasted-96', 'windows-96')
        ]))
