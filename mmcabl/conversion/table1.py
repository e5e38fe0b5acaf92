"""Published checkpoints of the comparison systems: how their parameters are called, and how they are called here."""

import re
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

from torch import Tensor

State = Dict[str, Tensor]


class Conversion(NamedTuple):
    """What the converter has to know of a system.

    Attributes:
        model: config of the system here; its state dict is what is to be filled.
        rename: from a state dict under the published names to one under ours; names it does not know are left as
            they are, and reported as unused.
        dropped: regular expressions of published names that are not wanted on purpose: counters, constants that our
            layers know themselves.
        source: where the weights are published, and their licence.
    """

    model: Dict[str, Any]
    rename: Callable[[State], State]
    dropped: Sequence[str] = ()
    source: str = ''


def renaming(*pairs: Tuple[str, str]) -> Callable[[State], State]:
    """A ``rename`` that applies regular expressions and their replacements in order; values are as they were."""

    def rename(state: State) -> State:
        renamed: State = {}
        for name, value in state.items():
            new = name
            for pattern, replacement in pairs:
                new = re.sub(pattern, replacement, new)
            if new in renamed:
                raise ValueError(f'The checkpoint has two entries for {new!r}; the second is {name[:80]!r}.')
            renamed[new] = value
        return renamed

    return rename


#: By the name that the converter is given; other systems add theirs.
CONVERSIONS: Dict[str, Conversion] = {}


def convert_system(system: str, state: State) -> Tuple[State, List[str]]:
    """Rename a published state dict.

    Args:
        system: a name of :data:`CONVERSIONS`.
        state: parameters by their published names.

    Returns:
        Parameters by our names; the names that were dropped on purpose.

    Raises:
        ValueError: an unknown system, or two entries for one parameter.
    """
    if system not in CONVERSIONS:
        raise ValueError(f'Unknown system {system!r}; accepted are {", ".join(sorted(CONVERSIONS))}.')
    found = CONVERSIONS[system]
    dropped = [name for name in state if any(re.search(pattern, name) for pattern in found.dropped)]
    gone = set(dropped)
    return found.rename({name: value for name, value in state.items() if name not in gone}), dropped
