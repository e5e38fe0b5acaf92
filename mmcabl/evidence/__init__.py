"""What speaks for a manipulation besides the network. NumPy and OpenCV alone, imported when they are asked for."""

from importlib import import_module
from typing import Any

#: name -> module
_WHERE = {'Evidence': 'evidence', 'EvidenceFinder': 'evidence', 'KeypointCopyMove': 'copy_move',
          'finders_of': 'known', 'marked': 'evidence', 'raised': 'evidence', 'weigh': 'evidence'}

__all__ = ['Evidence', 'EvidenceFinder', 'KeypointCopyMove', 'finders_of', 'marked', 'raised', 'weigh']


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{_WHERE[name]}'), name)
