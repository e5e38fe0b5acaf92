# The same training; refined by a model of Hugging Face's transformers: SAM, SAM-HQ, SAM 2 or, as here, EdgeTAM.
_base_ = './cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(postprocessor=dict(refiner=dict(
    _delete_=True, type='mmcabl.TransformersRefiner', path='checkpoints/EdgeTAM-hf', precision='auto')))
