# The protocol on synthetic data: four test sets in the four data sets' native layouts.
_base_ = './synthetic_160.py'
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type=f'mmcabl.{name}',
                data_root=f'work_dirs/tables/data/{name}',
                pipeline={{_base_.test_pipeline}},
                test_mode=True) for name in ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020')
        ]))
