# The paper's protocol: train on CASIA v2, test on CASIA v1, Columbia, COVERAGE and IMD2020 below one root.
_base_ = './casiav2_512.py'
test_dataloader = dict(dataset=dict(type='mmcabl.ForgeryBenchmark', data_root='data'))
