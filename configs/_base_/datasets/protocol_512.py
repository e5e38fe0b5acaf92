# The paper's protocol: train on CASIA v2, test on the four other data sets in one run.
_base_ = './casiav2_512.py'
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type=f'mmcabl.{name}', data_root=f'data/{name}', pipeline={{_base_.test_pipeline}}, test_mode=True)
            for name in ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020')
        ]))
