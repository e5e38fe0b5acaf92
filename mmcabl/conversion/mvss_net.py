"""MVSS-Net's published names."""

from mmcabl.conversion.rules import Conversion, State, renaming
from mmcabl.models.layers.bayar import BayarConv2d

KERNEL = 'constrain_conv.kernel'

_renamed = renaming(
    (r'^constrain_conv\.kernel$', 'constrained.weight'),
    (r'^noise_extractor\.model\.', 'noise_backbone.'),
    (r'^model\.', 'backbone.'),
    *((rf'^sobel_{axis}{i + 1}\.1\.', f'edge_head.gates.{i}.norm_{axis}.') for axis in 'xy' for i in range(4)),
    *((rf'^erb_db_{i + 1}\.', f'edge_head.blocks.{i}.') for i in range(4)),
    *((rf'^erb_trans_{i + 1}\.', f'edge_head.joints.{i}.') for i in range(3)),
    (r'^head\.conv_p1\.0\.', 'mask_head.position.0.conv.'), (r'^head\.conv_p1\.1\.', 'mask_head.position.0.bn.'),
    (r'^head\.conv_p2\.0\.', 'mask_head.position.2.conv.'), (r'^head\.conv_p2\.1\.', 'mask_head.position.2.bn.'),
    (r'^head\.conv_c1\.0\.', 'mask_head.channel.0.conv.'), (r'^head\.conv_c1\.1\.', 'mask_head.channel.0.bn.'),
    (r'^head\.conv_c2\.0\.', 'mask_head.channel.2.conv.'), (r'^head\.conv_c2\.1\.', 'mask_head.channel.2.bn.'),
    (r'^head\.pam\.conv_b\.', 'mask_head.position.1.query.'), (r'^head\.pam\.conv_c\.', 'mask_head.position.1.key.'),
    (r'^head\.pam\.conv_d\.', 'mask_head.position.1.value.'), (r'^head\.pam\.alpha$', 'mask_head.position.1.alpha'),
    (r'^head\.cam\.beta$', 'mask_head.channel.1.beta'), (r'^head\.out\.1\.', 'mask_head.classify.'))


def _rename(state: State) -> State:
    if KERNEL in state:
        kernel = BayarConv2d.from_neighbours(state[KERNEL])
        state = {**state, KERNEL: kernel.reshape(kernel.shape[1], kernel.shape[0], *kernel.shape[2:])}
    return _renamed(state)


_RESNET = dict(type='mmcabl.MultiGridResNet', depth=50)
CONVERSIONS = {
    'mvss-net': Conversion(
        model=dict(type='mmcabl.MVSSNet', backbone=_RESNET, noise_backbone=_RESNET),
        rename=_rename,
        # ImageNet's classifiers, never used; Sobel's kernels, which are constants
        dropped=(r'(^|\.)model\.fc\.', r'^sobel_[xy]\d\.0\.weight$'),
        source='github.com/dong03/MVSS-Net, README (one file a training set); no licence is given'),
}
