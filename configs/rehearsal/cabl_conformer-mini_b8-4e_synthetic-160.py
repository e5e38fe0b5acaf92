# A rehearsal of the paper's tables on synthetic data, `make tables`; Eq. (2) has a residual of 1, as on real images.
_base_ = ['../_base_/models/cabl_conformer-mini.py', '../_base_/rehearsal_160.py']
model = dict(attention_residual=1., flip=True)
