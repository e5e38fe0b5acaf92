# A rehearsal of the paper's tables on synthetic data; see `make tables`. Attention as in the quick start.
_base_ = ['../_base_/models/cabl_conformer-mini.py', '../_base_/rehearsal_160.py']
model = dict(attention='none', flip=True)
