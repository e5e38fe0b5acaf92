"""Photographs in, answers out: one image or a million, from Python, the command line or a page.

Nothing is imported before it is asked for: a command's first words need no torch.
"""

from importlib import import_module
from typing import Any

#: name -> module
_WHERE = {'ForensicInferencer': 'inferencer', 'ImageIndex': 'image_index', 'Predictor': 'predictor',
          'build_index': 'image_index', 'score_share': 'scoring'}

__all__ = ['ForensicInferencer', 'ImageIndex', 'Predictor', 'build_index', 'score_share']


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{_WHERE[name]}'), name)
