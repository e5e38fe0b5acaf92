"""What a checkpoint may hold besides tensors: plain containers, NumPy arrays and numbers, mmengine's log history.

A pickle names functions and calls them. Here every name stands for one that can do nothing but keep data, so a file
decides what the data are and never what is run. That is also why NumPy's own functions are not in the table: they
take types and memory layouts from the file.
"""

import re
from pickle import UnpicklingError
from typing import Any, Dict, Optional, Set

import numpy as np
from mmengine.logging import HistoryBuffer


class DType:
    """``numpy.dtype`` while a file is read: numbers, booleans and text."""

    def __init__(self, code: str, *_: Any) -> None:
        if not re.fullmatch('[biufcUS][0-9]{1,4}', str(code)):
            raise UnpicklingError(f'an array of the type {str(code)[:20]!r}')
        self.value = np.dtype(str(code))

    def __setstate__(self, state: tuple) -> None:
        self.value = self.value.newbyteorder({'>': '>', '<': '<'}.get(state[1], '|'))


class Array:
    """``numpy.ndarray`` while a file is read: its own copy of the bytes that are there."""

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, fortran, data = state
        self.value = np.ndarray(shape, dtype.value, bytearray(data), order='F' if fortran else 'C').copy()


class History(HistoryBuffer):
    """mmengine's ``HistoryBuffer`` from its two arrays; the methods that its pickles name as well are left out."""

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__class__ = HistoryBuffer
        self.__init__(state['_log_history'].value, state['_count_history'].value, int(state['max_length']))


def _numpy(*_: Any) -> Array:
    return Array()


def _scalar(dtype: DType, data: bytes) -> np.generic:
    return np.ndarray((), dtype.value, bytearray(data))[()]


def _bytes(text: str, encoding: str = 'latin1') -> bytes:
    """How Python 2's pickles, and so torch's, spell bytes."""
    return text.encode('latin1')


def _empty() -> bytes:
    """How they spell no bytes at all."""
    return b''


def _no_method(owner: Any, name: str) -> None:
    """A ``HistoryBuffer`` names its own methods by ``getattr``."""


#: 'module.name' in a file -> what it means here
ALLOWED: Dict[str, Any] = {
    'numpy.dtype': DType, 'numpy.ndarray': Array,
    'mmengine.logging.history_buffer.HistoryBuffer': History,
    '_codecs.encode': _bytes, 'builtins.bytes': _empty, 'builtins.getattr': _no_method,
    **{f'numpy.{core}.multiarray.{name}': function for core in ('core', '_core')
       for name, function in (('_reconstruct', _numpy), ('scalar', _scalar))},
    **{f'builtins.{kind.__name__}': kind for kind in (set, frozenset, complex, slice)},
}


def unwrapped(node: Any, seen: Optional[Set[int]] = None) -> Any:
    """What was read, with arrays in place of their stand-ins; containers are changed in place."""
    seen = set() if seen is None else seen
    if isinstance(node, (Array, DType)):
        return node.value
    if id(node) in seen:
        return node  # a container that holds itself
    if isinstance(node, (dict, list)):
        seen.add(id(node))
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            node[key] = unwrapped(node[key], seen)
    elif type(node) is tuple:
        return tuple(unwrapped(part, seen) for part in node)
    return node
