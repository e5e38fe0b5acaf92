# The PyTorch port's variant: a GRU in place of the LSTM.
_base_ = './mantra-net_b8-30e_casiav2-256.py'
model = dict(recurrence=dict(type='mmcabl.ConvGRU2d'))
