# Normalised in testing by averages of the training, as the Keras original.
_base_ = './mantra-net_b8-30e_casiav2-256.py'
model = dict(norm='stored')
