"""GSR-Net: the names of its public TensorFlow 1 code (pengzhou1108/GSRNet), whose kernels are (h, w, in, out)."""

import re

from mmcabl.conversion.rules import Conversion, State, renaming

NAMES = renaming(
    (r'^discriminator/', ''),
    (r':0$', ''),
    (r'^fc8_voc12_edge/filter$', 'edge_head.weight'),
    (r'^fc8_voc12/filter$', 'seg_head.weight'),
    (r'^fc9_voc12/filter$', 'fusion.weight'),
    (r'^(fc[67])/w$', r'backbone.\1.weight'),
    (r'^(fc[67])/b$', r'backbone.\1.bias'),
    (r'^conv(\d)_(\d)/w$', r'backbone.blocks.\1.\2.conv.weight'),
    (r'^conv(\d)_batchnorm(\d)/scale$', r'backbone.blocks.\1.\2.bn.weight'),
    (r'^conv(\d)_batchnorm(\d)/beta$', r'backbone.blocks.\1.\2.bn.bias'))
COUNTED = re.compile(r'^backbone\.blocks\.(\d)\.(\d)\.')


def rename(state: State) -> State:
    """Our names, counted from 0; kernels as PyTorch has them, (out, in, h, w)."""
    return {COUNTED.sub(lambda found: f'backbone.blocks.{int(found.group(1)) - 1}.{int(found.group(2)) - 1}.', name):
            value.permute(3, 2, 0, 1).contiguous() if value.dim() == 4 else value
            for name, value in NAMES(state).items()}


CONVERSIONS = {
    'gsr-net': Conversion(
        dict(type='mmcabl.GSRNet'), rename,
        # averages, which the code never reads; biases, which its normalisation cancels; optimizers' moments; the
        # networks of training
        dropped=(r'/pop_(mean|var)(:0)?$', r'(^|/)conv\d_\d/b(:0)?$', r'/Adam(_1)?(:0)?$', r'^beta[12]_power(:0)?$',
                 r'^(generator|discriminator1)/'),
        source='github.com/pengzhou1108/GSRNet publishes no weights: arrays of a checkpoint of your own, by the '
               'names of its variables'),
}
