"""Reading a pickle as data where torch's own way is not enough.

Before 2.6, ``torch.load(weights_only=True)`` could be made to run code (CVE-2025-32434), took TorchScript archives,
and knew no list of allowed names. Here torch reads the file with the unpickler below in its place.
"""

import pickle
from typing import Any, Union

import torch
from torch import _weights_only_unpickler

from mmcabl.checkpoints.plain import ALLOWED

CALLS = (pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2, pickle.EXT4)


class PlainUnpickler(pickle._Unpickler):
    """Python's own unpickler, which knows only torch's tensors and :data:`ALLOWED`.

    What torch never writes is refused too: further ways to call, and state for a class or a function, which would
    change it for the whole process.
    """

    dispatch = {key: value for key, value in pickle._Unpickler.dispatch.items()
                if bytes([key]) not in CALLS}

    def find_class(self, module: str, name: str) -> Any:
        """What a name means here; raises ``UnpicklingError`` for any that is not in the lists."""
        path = f'{module}.{name}'.replace('__builtin__.', 'builtins.')
        known = {**_weights_only_unpickler._get_allowed_globals(), 'torch.device': torch.device,
                 'torch.bfloat16': torch.bfloat16, 'torch.bool': torch.bool, 'torch.uint8': torch.uint8, **ALLOWED}
        if path not in known:
            raise pickle.UnpicklingError(f'GLOBAL {path} was not an allowed global')
        return known[path]

    def load_build(self) -> None:
        """State for an object."""
        if callable(self.stack[-2]):
            raise pickle.UnpicklingError('state for a class or a function')
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build


class PlainPickle:
    """What torch calls of a ``pickle_module``."""

    Unpickler = PlainUnpickler

    @staticmethod
    def load(file: Any, **kwargs: Any) -> Any:
        """As ``pickle.load``."""
        return PlainUnpickler(file, **kwargs).load()


def load_plain(path: str, map_location: Union[str, torch.device, None]) -> Any:
    """``torch.load`` that makes nothing but data, on any torch.

    Raises:
        UnpicklingError: the file names something else.
    """
    with open(path, 'rb') as file:
        if torch.serialization._is_zipfile(file):
            records = torch._C.PyTorchFileReader(file).get_all_records()
            if 'constants.pkl' in records:  # torch would hand it to torch.jit.load
                raise pickle.UnpicklingError('a TorchScript archive')
    return torch.load(path, map_location=map_location, pickle_module=PlainPickle)
