# The method with all its options; `cabl_conformer-s.py` and `cabl_conformer-mini.py` say its size and its refiner.
model = dict(
    type='mmcabl.WeaklySupervisedLocalizer',
    backbone=dict(
        type='mmcabl.ConformerCABL',
        cabl=dict(
            operator='sobel',  # Table V; also prewitt, scharr, laplacian
            structure='iii',  # Table III: i: X + E(X), ii: E(X) * X, iii: E(X) * X + X, Eq. (1)
            norm='tanh',  # how E is bounded; see mmcabl.models.layers.edge.normalize_edges
            recompute=None),  # True, False: compute E again for the gradient; None: not on a CPU
        cabl_blocks='all',  # Table IV: 'all', 'none', '1-8', [1, 2, 5]
        cabl_on_coupling=False,  # also on the map that a block hands to its tokens
        last_stride=1),  # 1: the last map has the tokens' grid, as TransCAM's; 2: as the ImageNet Conformer's
    head=dict(
        type='mmcabl.WeakLabelHead',
        kernel_size=3,  # of the convolutional classifier
        map_bias='both'),  # whose bias the class maps carry: both, none, conv
    data_preprocessor=dict(type='mmcabl.ForensicDataPreprocessor'),
    flip=False,  # average over mirrored images too
    union='max',  # of M_T and M_C in Eq. (2); also sum
    attention='auto',  # A of Eq. (2), by the faster of two equal ways: running, stored_qk; none: without A
    class_index=-1,  # the class that is localized
    postprocessor=dict(
        type='mmcabl.CGSR',
        threshold=0.5,  # of the normalised map
        normalize='min_max',  # none: for maps that are probabilities
        prompt='box_point'))  # Table VI, of the final mask: null, point, box, box_point; `compare`: further ones
