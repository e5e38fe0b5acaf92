# CGSR behind a model that knows nothing of it, at test time: train the parent config, test with this one.
_base_ = '../mmseg/fcn-da_r50-d8_b8-30e_casiav2-512.py'
# As the parent's; the network sees images resized, the refiner as they are.
test_pipeline = [
    dict(type='mmcabl.LoadForensicImage'),
    dict(type='mmcabl.KeepPicture'),
    dict(type='mmcv.Resize', scale=(512, 512)),
    dict(type='mmcabl.LoadForgerySegMap'),
    dict(type='PackSegInputs', meta_keys=(*_base_.meta_keys, 'picture')),
]
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type=f'mmcabl.{name}', data_root=f'data/{name}', pipeline=test_pipeline, test_mode=True)
            for name in ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020')
        ]))
# Checkpoints are the parent's: parameters keep their names.
model = dict(
    _delete_=True,
    type='mmcabl.RefinedSegmentor',
    segmentor=_base_.model,
    postprocessor=dict(
        prompt='box_point',
        compare=['null', 'point', 'box'],
        refiner=dict(
            type='mmcabl.SAMRefiner', model='vit_h', checkpoint='checkpoints/sam_vit_h_4b8939.pth',
            dtype='bfloat16')))
