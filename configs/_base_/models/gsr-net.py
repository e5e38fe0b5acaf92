# GSR-Net's segmentation network; the generator and the refinement of its training are not reproduced.
model = dict(
    type='mmcabl.GSRNet',
    backbone=dict(type='mmcabl.DeepLabLargeFOV', dropout=0.5),
    score='max',
    edge_weights=(0.3, 0.7),
    data_preprocessor=dict(
        type='mmcabl.ForensicDataPreprocessor', mean=[122.67891434, 116.66876762, 104.00698793], std=[1, 1, 1]),
    # CGSR on top: --cfg-options model.postprocessor.compare="['point','box','box_point']" and a refiner
    postprocessor=dict(type='mmcabl.CGSR', normalize='none', prompt='null'))
