# CGSR behind a model that knows nothing of it, at test time: train the parent config, test with this one.
_base_ = '../mmseg/fcn-da_r50-d8_b8-30e_casiav2-512.py'
# The network sees images resized, the refiner as they are. Checkpoints are the parent's: parameters keep their names.
test_pipeline = [_base_.test_pipeline[0], dict(type='mmcabl.KeepPicture'), *_base_.test_pipeline[1:]]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
model = dict(_delete_=True, type='mmcabl.RefinedSegmentor', segmentor=_base_.model, postprocessor=dict(
    prompt='box_point', compare=['null', 'point', 'box'], refiner=dict(
        type='mmcabl.SAMRefiner', model='vit_h', checkpoint='checkpoints/sam_vit_h_4b8939.pth', dtype='bfloat16')))
