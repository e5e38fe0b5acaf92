# The small Conformer as it learns from nothing on plain forgeries: fixed residuals beside the image, logits pooled
# between mean and maximum, the transformer's map trained and not only read off. Each is ours; docs/real.md.
_base_ = './cabl_conformer-mini.py'
model = dict(
    backbone=dict(high_pass=dict()),
    head=dict(pooling='lse', token_summary='patches'),
    attention_residual=1.)
