# The same training; refined by SAM in safetensors as Hugging Face's transformers has it.
_base_ = './cabl_conformer-s_edgetam_b8-30e_casiav2-512.py'
model = dict(postprocessor=dict(refiner=dict(path='checkpoints/sam-vit-base')))
