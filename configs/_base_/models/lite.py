# `lite-real`: the network without CABL, at the test sizes that were chosen on kept-out forgeries (docs/real.md).
_base_ = './cabl_lite.py'
model = dict(
    backbone=dict(cabl_blocks='none'),
    scales=['within 768', 'within 256'],
    scored_scales=1,  # with other scales set this too; None: the score is the mean of all
    # beside the network, which hardly sees copies within one image; [] for the network alone
    evidence=[dict(type='mmcabl.KeypointCopyMove')])
