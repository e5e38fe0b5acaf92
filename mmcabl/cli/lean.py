"""A command that only predicts starts in two thirds of the time: what upstream imports for training stays out.

Importing mmengine and torchvision brings in torch's compiler, FSDP, SymPy and Hugging Face's Transformers, none of
which predicts anything here; they are a third of what all imports cost. While the two are imported, stand-ins answer
for these, by upstream's own ways of doing without. Only for a process that is a command's own and trains nothing.
"""

import gc
import importlib
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Dict, Iterator, Optional

from packaging.version import Version

from mmcabl.stack import release

#: Since this torch, torchvision asks the compiler; before it imports it otherwise.
COMPILER_SINCE = Version('2.6')
#: Upstream passes over these where importing them fails.
ABSENT = ('torch.distributed.optim', 'mmengine._strategy.fsdp', 'transformers')
#: The wrapper that mmengine imports whatever is installed.
SHARDED = 'mmengine.model.wrappers.fully_sharded_distributed'


@contextmanager
def lean_imports() -> Iterator[None]:
    """Torch, torchvision and mmengine are imported without what is for training; inside, the caller imports the rest.

    Meanwhile nobody looks for garbage, and what was imported is never looked at again, not even at the end: that
    costs a second otherwise. Nothing is done where torch is there already: this process is someone else's then.
    """
    if 'torch' in sys.modules:
        yield
        return
    collecting = gc.isenabled()
    gc.disable()
    try:
        _import_upstream()
        yield
        gc.freeze()
    finally:
        if collecting:
            gc.enable()


def _import_upstream() -> None:
    import torch
    if release(torch.__version__) >= COMPILER_SINCE:
        with _standing_in({'torch._dynamo': _compiler(), 'torch._dynamo.utils': _compiler_utils()}):
            importlib.import_module('torchvision')
    with _standing_in({**dict.fromkeys(ABSENT), SHARDED: _sharded()}):
        importlib.import_module('mmengine.runner')


@contextmanager
def _standing_in(modules: Dict[str, Optional[ModuleType]]) -> Iterator[None]:
    """Modules that are not imported yet have stand-ins inside; None: importing one fails."""
    placed = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(placed)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, module in placed.items():
            if sys.modules.get(name, module) is module:
                sys.modules.pop(name, None)


def _compiler() -> ModuleType:
    """Anything but the module's name is asked of the real one, which is imported for it."""
    def ask(name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        for stand_in in ('torch._dynamo', 'torch._dynamo.utils'):
            sys.modules.pop(stand_in, None)
        return getattr(importlib.import_module('torch._dynamo'), name)

    module = ModuleType('torch._dynamo')
    module.__path__ = []
    module.__getattr__ = ask
    return module


def _compiler_utils() -> ModuleType:
    def is_compile_supported(device: Any) -> bool:
        from torch._dynamo.utils import is_compile_supported as real  # by then the compiler's own
        return real(device)

    module = ModuleType('torch._dynamo.utils')
    module.is_compile_supported = is_compile_supported
    return module


def _sharded() -> ModuleType:
    module = ModuleType(SHARDED)
    module.MMFullyShardedDataParallel = None
    return module
