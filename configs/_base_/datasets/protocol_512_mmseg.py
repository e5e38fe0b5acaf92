# The protocol in mmsegmentation's pipelines. Weak: training sees images and image labels, never a mask.
_base_ = './protocol_512.py'
train_pipeline = [*_base_.train_pipeline[:-1], dict(type='mmcabl.PackForensicSegInputs')]
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='mmcabl.PackForensicSegInputs'),
]
train_dataloader = dict(collate_fn=dict(type='pseudo_collate'), dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
