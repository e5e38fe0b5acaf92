from mmpretrain.models.backbones.efficientnet import EfficientNet

from mmcabl.registry import MODELS


@MODELS.register_module()
class EfficientNetLite(EfficientNet):
    """mmpretrain's EfficientNet in its Lite form: no squeeze and excitation, ReLU6 in place of Swish.

    Args:
        arch: ``lite0``.
        act_cfg: of all activations.
        **kwargs: as of mmpretrain's ``EfficientNet``; ``out_indices`` from 0 (the stem) to 6.
    """

    layer_settings = {
        **EfficientNet.layer_settings,
        # kernel, channels, squeeze (0: none), stride, expansion, kind; the numbers of b0
        'l': [[[kernel, channels, 0, *others] for kernel, channels, _, *others in stage]
              for stage in EfficientNet.layer_settings['b']],
    }
    arch_settings = {'lite0': (1.0, 1.0, 224)}

    def __init__(self, arch: str = 'lite0', act_cfg: dict = dict(type='ReLU6'), **kwargs) -> None:
        if arch not in self.arch_settings:
            raise ValueError(f'Unknown arch {arch!r} of EfficientNetLite; accepted is lite0.')
        super().__init__(arch=arch, act_cfg=act_cfg, **kwargs)

    def train(self, mode: bool = True) -> 'EfficientNetLite':
        """As ``nn.Module``: returns the module (mmpretrain's base class forgets to)."""
        super().train(mode)
        return self
