# MIL-FCN: FCN-16s on the ResNet-50 of WSCL (a stem of three convolutions), global maximum.
model = dict(
    type='mmcabl.MILFCN',
    backbone=dict(
        type='ResNet',
        depth=50,
        deep_stem=True,
        stem_channels=128,
        out_indices=(0, 1, 2, 3),
        # ImageNet weights of this stem: download CSAIL's resnet50-imagenet.pth and convert it,
        # tools/model_converters/table1_to_mmcabl.py resnet50-csail SOURCE checkpoints/resnet50-csail_mmcabl.pth
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet50-csail_mmcabl.pth')),
    head=dict(type='mmcabl.FCNMapHead', in_channels=(1024, 2048), channels=512),
    pooling=dict(type='mmcabl.GlobalMaxPooling'),
    inference=dict(type='mmcabl.TiledInference', tile_size=1024, overlap=0.1),
    data_preprocessor=dict(type='mmcabl.ForensicDataPreprocessor'),
    # CGSR on top: --cfg-options model.postprocessor.compare="['point','box','box_point']" and a refiner
    postprocessor=dict(type='mmcabl.CGSR', normalize='none', prompt='null'))
