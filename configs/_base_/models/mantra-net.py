# ManTra-Net, normalised by the image itself as the PyTorch port; 'stored' is the Keras original's way.
model = dict(
    type='mmcabl.ManTraNet',
    features=dict(type='mmcabl.ManTraFeatures', free_filters=4),
    deviation=dict(type='mmcabl.WindowDeviation', channels=64, windows=(7, 15, 31)),
    recurrence=dict(type='mmcabl.ConvLSTM2d', hidden_channels=8, kernel_size=7),
    norm='own',
    score='max',
    data_preprocessor=dict(type='mmcabl.ForensicDataPreprocessor', mean=[0, 0, 0], std=[1, 1, 1]),
    # CGSR on top: --cfg-options model.postprocessor.compare="['point','box','box_point']" and a refiner
    postprocessor=dict(type='mmcabl.CGSR', normalize='none', prompt='null'))
