# A Conformer of 3 blocks, small enough to train from scratch on two cores in minutes.
_base_ = './cabl.py'
model = dict(
    backbone=dict(
        arch=dict(embed_dims=96, channel_ratio=1, num_heads=3, depths=3), base_channels=64, mlp_ratio=2.),
    head=dict(in_channels=256, embed_dims=96),
    scales=['native'],  # images are tested at their own size
    postprocessor=dict(
        # GrabCut does better with the box alone (held-out training photographs); SAM's default is Box+Point.
        prompt='box',
        compare=['null', 'point', 'box_point'],
        # also iterations=1, radius=0.05 of discs, max_side=96 px, margin=0.5 of the box, min_fill=0.3: else the box
        refiner=dict(type='mmcabl.GrabCutRefiner')))
