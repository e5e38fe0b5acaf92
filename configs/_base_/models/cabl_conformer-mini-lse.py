# The small Conformer that learns from nothing on plain forgeries, from the image alone: logits pooled between mean
# and maximum, the transformer's map trained and not only read off, a residual in Eq. (2). Each is ours; docs/real.md.
_base_ = './cabl_conformer-mini.py'
model = dict(
    head=dict(pooling='lse', token_summary='patches'),
    attention_residual=1.,
    postprocessor=dict(threshold=0.3))  # chosen on kept-out real forgeries
