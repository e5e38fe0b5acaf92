import copy
from typing import Optional, Tuple

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batchnorm(module: nn.Module) -> nn.Module:
    """A copy to infer with, in which every convolution has taken in the batch norm registered after it.

    Only for modules that call their batch norms in the order of registration, straight after the
    convolution, as the Conformer's and ResNet's blocks do. Everything that is not folded is shared with
    ``module``, so the copy costs the memory of the folded convolutions. ``module`` is unchanged. By torch's own
    folding: ``mmcv.cnn.utils.fuse_conv_bn`` works in place and rounds 30 % of the folded numbers otherwise. The copy
    is in evaluation mode and has the same output up to round-off.
    """
    clone = copy.copy(module)
    clone.training = False
    clone._modules = {}
    before: Optional[Tuple[str, nn.Conv2d]] = None
    for name, child in module._modules.items():
        if isinstance(child, nn.Conv2d):
            before = name, child
            clone._modules[name] = child
        elif isinstance(child, nn.BatchNorm2d) and before is not None:
            conv_name, conv = before[0], copy.copy(before[1]).eval()
            conv._parameters = dict(conv._parameters)
            conv = fuse_conv_bn_eval(conv, copy.copy(child).eval())
            if conv.weight.device.type == 'cpu':  # the layout that a CPU convolves fastest
                conv.weight.data = conv.weight.data.contiguous(memory_format=torch.channels_last)
            clone._modules[conv_name] = conv
            clone._modules[name] = nn.Identity()
            before = None
        else:
            clone._modules[name] = child if child is None else fold_batchnorm(child)
    return clone
