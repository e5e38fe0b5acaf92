"""Published checkpoints of the comparison systems: how their parameters are called, and how they are called here."""

import re
from typing import Dict, List, Tuple

from mmcabl.conversion import (
    cat_net_names,
    efficientnet_names,
    gsr_net_names,
    mantra_net_names,
    mvss_net_names,
    weak_systems,
)
from mmcabl.conversion.rules import Conversion, State, renaming

__all__ = ['CONVERSIONS', 'Conversion', 'State', 'convert_system', 'renaming']

#: By the name that the converter is given; other systems add theirs.
CONVERSIONS: Dict[str, Conversion] = {
    **cat_net_names.CONVERSIONS,
    **efficientnet_names.CONVERSIONS,
    **gsr_net_names.CONVERSIONS,
    **mantra_net_names.CONVERSIONS,
    **mvss_net_names.CONVERSIONS,
    **weak_systems.CONVERSIONS,
}


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
