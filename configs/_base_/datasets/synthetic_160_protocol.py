# The protocol on synthetic data: four test sets in the four data sets' native layouts.
_base_ = './synthetic_160.py'
test_dataloader = dict(dataset=dict(type='mmcabl.ForgeryBenchmark', data_root='work_dirs/tables/data'))
