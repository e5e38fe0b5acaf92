# Larger windows of real forgeries beside their hosts (tools/pair_forgeries.py --size 160 --seed 3), for a second
# stage: a half of them, a quarter of that half twice, so that a pass has 1,205 steps.
_base_ = './real_windows-96.py'
train_dataloader = dict(
    batch_size=12,
    dataset=dict(
        datasets=[
            dict(
                type='mmcabl.CASIAv2',
                data_root='work_dirs/real/data/windows-160',
                every=step,
                pipeline={{_base_.train_pipeline}}) for step in (2, 8)
        ]))
