"""From a map to masks: CGSR and its refiners. Nothing is imported before it is asked for: GrabCut needs no torch."""

from importlib import import_module
from typing import Any

#: name -> module
_WHERE = {'CGSR': 'cgsr', 'ChanVeseRefiner': 'region_refiners', 'GrabCutRefiner': 'grabcut',
          'GuidedFilterRefiner': 'guided_filter', 'MapRefiner': 'map_refiner', 'Refinement': 'cgsr',
          'Refiner': 'refiner', 'SAMRefiner': 'sam', 'SuperPixelRefiner': 'region_refiners',
          'TransformersRefiner': 'transformers_refiner'}

__all__ = ['CGSR', 'ChanVeseRefiner', 'GrabCutRefiner', 'GuidedFilterRefiner', 'MapRefiner', 'PROMPT_KINDS',
           'Prompts', 'Refinement', 'Refiner', 'SAMRefiner', 'SuperPixelRefiner', 'TransformersRefiner']


def __getattr__(name: str) -> Any:
    if name in ('PROMPT_KINDS', 'Prompts'):
        return getattr(import_module('mmcabl.structures.prompts'), name)
    if name not in _WHERE:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{_WHERE[name]}'), name)
