# Both of the method's branches on EfficientNet-Lite0's ImageNet weights, for those who have none of a Conformer-S and
# no machine to make them; ours, docs/real.md. `init_cfg` is a file of tools/model_converters/table1_to_mmcabl.py.
_base_ = './cabl.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmcabl.LiteCABL',
        cabl=dict(operator='sobel', structure='iii', norm='tanh', recompute=None),
        cabl_blocks='all',
        init_cfg=dict(type='Pretrained', checkpoint='work_dirs/real/weights/efficientnet-lite0.safetensors')),
    head=dict(in_channels=112, embed_dims=96, pooling='lse', token_summary='patches'),
    scales=['native'],
    attention_residual=1.,
    # chosen on kept-out real forgeries: at 256 px GrabCut loses what it gains at full size
    postprocessor=dict(
        prompt='null', compare=['point', 'box', 'box_point'], refiner=dict(type='mmcabl.GrabCutRefiner')))
