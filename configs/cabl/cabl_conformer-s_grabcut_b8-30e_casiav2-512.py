# The same training; refined by GrabCut where SAM's weights are not at hand.
_base_ = './cabl_conformer-s_b8-30e_casiav2-512.py'
model = dict(postprocessor=dict(refiner=dict(_delete_=True, type='mmcabl.GrabCutRefiner')))
