"""Mixed precision on machines without a GPU.

mmengine's ``AmpOptimWrapper`` refuses to run on a CPU, so the upstream scripts' ``--amp`` fails there. A
config that lists this module in ``custom_imports`` makes it work: on machines without an accelerator the
name ``AmpOptimWrapper`` then means the class below in mmpretrain's scope, and ``mmcabl.segmentation`` does the same
in mmsegmentation's. Elsewhere nothing changes.
"""

from contextlib import contextmanager
from typing import Iterator, Union

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from mmengine.registry import Registry
from mmpretrain.registry import OPTIM_WRAPPERS

from mmcabl.registry import OPTIM_WRAPPERS as OUR_OPTIM_WRAPPERS


@OUR_OPTIM_WRAPPERS.register_module()
class CPUAmpOptimWrapper(OptimWrapper):
    """bfloat16 autocast on a CPU. bfloat16 has float32's range, so there is no loss scaling.

    Args:
        dtype: ``bfloat16``, or None, which means the same.
        loss_scale: accepted for ``AmpOptimWrapper``'s signature and not used.
        **kwargs: of mmengine's ``OptimWrapper``.
    """

    def __init__(self, dtype: Union[str, None] = None, loss_scale: Union[str, float, dict] = 'dynamic',
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if dtype not in (None, 'bfloat16', torch.bfloat16):
            raise ValueError(f'Mixed precision on a CPU is bfloat16; optim_wrapper.dtype is {dtype!r}.')

    @contextmanager
    def optim_context(self, model: torch.nn.Module) -> Iterator[None]:
        """Forward passes inside are autocast."""
        with super().optim_context(model), torch.autocast('cpu', dtype=torch.bfloat16):
            yield


def stand_in(registry: Registry) -> None:
    """Without an accelerator, let ``AmpOptimWrapper`` mean :class:`CPUAmpOptimWrapper` in a toolbox's registry."""
    if get_device() == 'cpu':
        registry.register_module(name='AmpOptimWrapper', module=CPUAmpOptimWrapper, force=True)


stand_in(OPTIM_WRAPPERS)
