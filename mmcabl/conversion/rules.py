"""The parts of which conversions of published checkpoints are made."""

import re
from typing import Any, Callable, Dict, NamedTuple, Sequence, Tuple

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
