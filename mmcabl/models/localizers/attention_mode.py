"""Another function in place of torch's attention, for as long as a layer runs."""

from typing import Any, Callable

from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class AttentionBy(TorchFunctionMode):
    """Inside, ``scaled_dot_product_attention`` is computed by another function of the same arguments."""

    def __init__(self, attend: Callable[..., Tensor]) -> None:
        super().__init__()
        self._attend = attend

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        """torch's call of one of its functions; functions called from here are its own."""
        chosen = self._attend if func is F.scaled_dot_product_attention else func
        return chosen(*args, **(kwargs or {}))

    def begin(self, *_: Any) -> None:
        """A forward pre-hook."""
        self.__enter__()

    def end(self, *_: Any) -> None:
        """A forward hook, called after an error too."""
        self.__exit__(None, None, None)
