"""CAT-Net's published names: of the whole network, and of its DCT stream trained on double JPEG compression."""

from mmcabl.conversion.rules import Conversion, renaming

_STREAM = (
    (r'^dc_layer0_dil\.', 'dct_stream.stem.'),
    (r'^dc_layer1_tail\.0\.', 'dct_stream.stem.3.'), (r'^dc_layer1_tail\.1\.', 'dct_stream.stem.4.'),
    (r'^dc_layer2\.', 'dct_stream.blocks.'),
    (r'^dc_transition2\.1\.0\.', 'dct_stream.transition3.'), (r'^dc_stage3\.', 'dct_stream.stage3.'),
    (r'^dc_transition3\.2\.0\.', 'dct_stream.transition4.'), (r'^dc_stage4\.', 'dct_stream.stage4.'))
_SOURCE = 'github.com/mjkwon2021/CAT-Net, README'
_LICENCE = 'weights CC-BY 4.0, code Apache-2.0'

CONVERSIONS = {
    'cat-net': Conversion(
        model=dict(type='mmcabl.CATNet'),
        rename=renaming(
            (r'^(conv[12]|bn[12]|layer1|transition[123]|stage[234])\.', r'backbone.\1.'), *_STREAM,
            (r'^transition4\.', 'head.transitions.'), (r'^stage5\.', 'head.stage.'),
            (r'^last_layer\.', 'head.classify.')),
        source=f'{_SOURCE} (CAT_full_v1, CAT_full_v2); {_LICENCE}'),
    # to begin a training with: dct_stream.init_cfg=dict(type='Pretrained', checkpoint=TARGET)
    'cat-net-dct': Conversion(
        model=dict(type='mmcabl.DCTStream'),
        rename=renaming(*_STREAM, (r'^dct_stream\.', '')),
        # the head that classifies compression
        dropped=(r'^(incre_modules|downsamp_modules|final_layer|classifier|last_layer)\.', ),
        source=f'{_SOURCE} (DCT_djpeg); {_LICENCE}'),
}
