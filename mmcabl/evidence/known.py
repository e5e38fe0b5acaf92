"""The finders that a file can name: what an exported model looks for is data, so nothing else is built."""

from typing import Any, Dict, List

from mmcabl.evidence.copy_move import KeypointCopyMove
from mmcabl.evidence.evidence import EvidenceFinder

#: type in a config -> class
KNOWN: Dict[str, Any] = {'mmcabl.KeypointCopyMove': KeypointCopyMove}


def finders_of(configs: Any, name: str) -> List[EvidenceFinder]:
    """The finders of configs, as the file ``name`` lists them.

    Raises:
        ValueError: another finder, or settings that it does not take.
    """
    try:
        return [KNOWN[each['type']](**{k: v for k, v in each.items() if k != 'type'}) for each in configs]
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f'{name} names evidence that cannot be looked for there: {str(configs)[:200]} ({error}); '
                         f'accepted is a list of {", ".join(KNOWN)} with settings.') from None
