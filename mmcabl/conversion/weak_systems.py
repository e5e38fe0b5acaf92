"""Names of the weakly supervised comparison systems: WSCL's checkpoint, Araslanov and Roth's, their starts."""

from mmcabl.conversion.rules import Conversion, State, renaming
from mmcabl.models.layers.bayar import BayarConv2d

#: ResNet-50 with the stem that WSCL uses, and its streams.
DEEP_RESNET = dict(type='mmpretrain.ResNet', depth=50, deep_stem=True, stem_channels=128, out_indices=(0, 1, 2, 3))
STAGE_RESNET = dict(type='mmpretrain.ResNet', depth=50, strides=(1, 2, 2, 1), out_indices=(0, 1, 2, 3))
SOURCES = dict(rgb=None, srm=dict(type='mmcabl.SRMConv2d', bank='sum', clip=5.),
               bayar=dict(type='mmcabl.BayarConv2d', in_channels=3, out_channels=3, padding=2))
#: What its copy of a synchronised batch norm keeps in between, and the constants of its filters.
WSCL_DROPPED = (r'\._(running_iter|tmp_running_mean|tmp_running_var)$', r'\.pre_filter\.(center_weight|conv\.bias)$')


def _stem(prefix: str, to: str) -> tuple:
    """Pairs for the three convolutions of a stem, counted from 1 there and from 0 here."""
    return tuple((rf'^{prefix}{kind}{i + 1}\.', f'{to}stem.{i}.{kind}.')
                 for i in range(3) for kind in ('conv', 'bn'))


_wscl = renaming(
    *_stem(r'sub_models\.(\w+)\.encoder\.', r'streams.\1.backbone.'),
    (r'^sub_models\.(\w+)\.encoder\.', r'streams.\1.backbone.'),
    (r'^sub_models\.(\w+)\.decoder\.cbr\.0\.', r'streams.\1.head.fuse.conv.'),
    (r'^sub_models\.(\w+)\.decoder\.cbr\.1\.', r'streams.\1.head.fuse.bn.'),
    (r'^sub_models\.(\w+)\.decoder\.conv_last\.', r'streams.\1.head.classify.'),
    (r'^sub_models\.(\w+)\.proj_head1\.', r'volumes.\1.theta.'),
    (r'^sub_models\.(\w+)\.proj_head2\.', r'volumes.\1.phi.'),
    (r'^sub_models\.(\w+)\.pre_filter\.(conv\.weight|kernel_weight)$', r'streams.\1.pre_filter.weight'))


def rename_wscl(state: State) -> State:
    """Our names; Bayar kernels get their centres back."""
    return {name: BayarConv2d.from_neighbours(value) if name.endswith('pre_filter.weight') and value.dim() == 3
            else value for name, value in _wscl(state).items()}


rename_stage = renaming(
    (r'^(conv1|bn1|layer\d)\.', r'streams.rgb.backbone.\1.'),
    *((rf'^aspp\.aspp{i + 1}\.{old}\.', f'streams.rgb.head.aspp.branches.{i}.{new}.')
      for i in range(4) for old, new in (('atrous_conv', 'conv'), ('bn', 'bn'))),
    *((rf'^{old}\.{index + i}\.', f'streams.rgb.head.{new}.{part}.')
      for old, index, new in ((r'aspp\.global_avg_pool', 1, 'aspp.image_branch'), ('fc8_skip', 0, 'reduce'),
                              ('fc8_x', 0, 'join'), (r'shallow_mask\.fc_deep', 0, 'cues.deep'),
                              (r'shallow_mask\.fc_skip', 0, 'cues.shallow'),
                              (r'shallow_mask\.fc_cls', 0, 'cues.merge'),
                              ('last_conv', 0, 'decode.0'), ('last_conv', 4, 'decode.2'))
      for i, part in enumerate(('conv', 'bn'))),
    (r'^aspp\.conv1\.', 'streams.rgb.head.aspp.merge.conv.'),
    (r'^aspp\.bn1\.', 'streams.rgb.head.aspp.merge.bn.'),
    (r'^last_conv\.8\.', 'streams.rgb.head.classify.'))

CONVERSIONS = {
    'wscl': Conversion(
        dict(type='mmcabl.WSCL', backbone=DEEP_RESNET, sources=SOURCES, volume=dict(in_channels=512),
             stream=dict(type='mmcabl.FCNStream', pooling=dict(type='mmcabl.OtsuPooling'))),
        rename_wscl, WSCL_DROPPED,
        source='github.com/yhZhai/WSCL, the checkpoint that its README links to (MIT licence); it holds the options '
               'of its training as an object, so --trust is needed'),
    'mil-fcn': Conversion(
        dict(type='mmcabl.MILFCN', backbone=DEEP_RESNET), rename_wscl,
        (*WSCL_DROPPED, r'^sub_models\.(?!rgb\.)', r'\.proj_head[12]\.'),
        source="the RGB stream of a WSCL checkpoint; MIL-FCN's own weights were never published"),
    'stage-net': Conversion(
        dict(type='mmcabl.StageNet', backbone=STAGE_RESNET), rename_stage, (r'^_aff\.',),
        source='github.com/visinf/1-stage-wseg (Apache-2.0): none of its published weights is of ResNet-50 or of '
               'manipulation; for those of your own training with it'),
    'resnet50-csail': Conversion(
        DEEP_RESNET, renaming(*_stem('', '')), (r'^fc\.',),
        source='sceneparsing.csail.mit.edu/model/pretrained_resnet/resnet50-imagenet.pth (BSD 3-clause), the start '
               'of MIL-FCN and WSCL'),
}
