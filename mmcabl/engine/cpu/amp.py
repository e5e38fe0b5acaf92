"""Mixed precision on machines without a GPU."""

from contextlib import contextmanager
from typing import Iterator, Union

import torch
from mmengine.optim import OptimWrapper

from mmcabl.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class CPUAmpOptimWrapper(OptimWrapper):
    """bfloat16 autocast on a CPU. bfloat16 has float32's range, so there is no loss scaling.

    mmengine's ``AmpOptimWrapper`` refuses to run there; :mod:`mmcabl.engine.cpu.switched_on` puts this in its place.

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
