"""CAT-Net's published names."""

from mmcabl.conversion.rules import Conversion, renaming

CONVERSIONS = {
    'cat-net': Conversion(
        model=dict(type='mmcabl.CATNet'),
        rename=renaming(
            (r'^(conv[12]|bn[12]|layer1|transition[123]|stage[234])\.', r'backbone.\1.'),
            (r'^dc_layer0_dil\.', 'dct_stream.stem.'),
            (r'^dc_layer1_tail\.0\.', 'dct_stream.stem.3.'), (r'^dc_layer1_tail\.1\.', 'dct_stream.stem.4.'),
            (r'^dc_layer2\.', 'dct_stream.blocks.'),
            (r'^dc_transition2\.1\.0\.', 'dct_stream.transition3.'), (r'^dc_stage3\.', 'dct_stream.stage3.'),
            (r'^dc_transition3\.2\.0\.', 'dct_stream.transition4.'), (r'^dc_stage4\.', 'dct_stream.stage4.'),
            (r'^transition4\.', 'head.transitions.'), (r'^stage5\.', 'head.stage.'),
            (r'^last_layer\.', 'head.classify.')),
        source='github.com/mjkwon2021/CAT-Net, README (CAT_full_v1, v2); weights CC-BY 4.0, code Apache-2.0'),
}
