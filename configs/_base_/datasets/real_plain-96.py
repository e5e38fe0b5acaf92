# Weak training on forgeries of authentic photographs of CASIA v2, half cut out and put in, half as people paste
# (tools/make_forgeries.py, docs/real.md has the commands); no real forgery is learned from. Tests on real images.
_base_ = './real.py'
train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type='mmcabl.CASIAv2', data_root=f'work_dirs/real/data/{part}', pipeline={{_base_.train_pipeline}})
            for part in ('plain-96', 'pasted-96')
        ]))
