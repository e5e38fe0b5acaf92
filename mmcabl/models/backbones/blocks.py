from numbers import Integral
from typing import Sequence, Set, Tuple, Union

import numpy as np

Blocks = Union[str, int, Sequence[int], None]


def parse_blocks(blocks: Blocks, depth: int, option: str = 'cabl_blocks') -> Set[int]:
    """The blocks named by ``'all'``, ``'none'``, ``'1-8'``, ``'1-4,9'``, a number or a list of numbers.

    Raises:
        ValueError: anything else, or a block that a network of ``depth`` blocks does not have.
    """
    accepted = f"'none', 'all', a range such as '1-8', or a list of numbers from 1 to {depth}"
    if isinstance(blocks, np.ndarray):
        blocks = blocks.ravel().tolist()
    if blocks is None or blocks == 'none':
        return set()
    if blocks == 'all':
        return set(range(1, depth + 1))
    items = [blocks] if isinstance(blocks, Integral) else blocks
    if isinstance(items, str):
        items = items.split(',')
    try:
        ends = [_ends(str(item)) for item in items]
    except (TypeError, ValueError):
        raise ValueError(f'{option}={blocks!r} is not understood; accepted are {accepted}.') from None
    if not all(1 <= first <= last <= depth for first, last in ends):  # before a range of a billion is written out
        raise ValueError(f'{option}={blocks!r} names a block that is not there; '
                         f'accepted are {accepted}.')
    return {i for first, last in ends for i in range(first, last + 1)}


def _ends(item: str) -> Tuple[int, int]:
    """First and last number of ``'5'`` or ``'2-5'``."""
    first, _, last = item.partition('-')
    return int(first), int(last or first)
