"""What is known of one image: its form, and the one place where it is made from the toolboxes' samples.

What needs torch is imported when it is asked for: the form itself does without.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mmcabl.structures.forensic_sample import ForensicSample, Key
from mmcabl.structures.prompts import PROMPT_KINDS, Prompts, check_kind

if TYPE_CHECKING:
    from mmcabl.structures.from_models import forensic_sample, manipulated_probability
    from mmcabl.structures.pictures import keep_pixels, unmirrored
else:
    del forensic_sample  # noqa: F821 - the module; under this name one asks for the function of from_models
#: name -> module
_WHERE = {'forensic_sample': 'from_models', 'manipulated_probability': 'from_models', 'keep_pixels': 'pictures',
          'unmirrored': 'pictures'}

__all__ = ['ForensicSample', 'Key', 'PROMPT_KINDS', 'Prompts', 'check_kind', 'forensic_sample', 'keep_pixels',
           'manipulated_probability', 'unmirrored']


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{_WHERE[name]}'), name)
