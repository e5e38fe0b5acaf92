# The paper's protocol: train on CASIA v2, test on CASIA v1, Columbia, COVERAGE and IMD2020 below one root. CASIA v1
# is tested twice, as published and with every image saved again: its classes differ in their quantisation tables.
_base_ = './casiav2_512.py'
test_dataloader = dict(dataset=dict(type='mmcabl.ForgeryBenchmark', data_root='data', saved_again=dict(CASIAv1=90)))
