# The protocol for a classifier, which needs test images of one size and gives no masks.
_base_ = './protocol_512.py'
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='Resize', scale=(512, 512)),
    dict(type='mmcabl.PackForensicInputs'),
]
test_dataloader = dict(collate_fn=dict(type='default_collate'), dataset=dict(pipeline=test_pipeline))
test_evaluator = [dict(type='mmcabl.ImageAUC')]
