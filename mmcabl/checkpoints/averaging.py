from typing import Dict

import torch
from torch import Tensor


def average(states: Dict[str, Dict[str, Tensor]]) -> Dict[str, Tensor]:
    """The mean of each parameter; of what is no floating-point number, such as a count of batches, the last one's.

    Args:
        states: name of a checkpoint -> its parameters; all of one network.

    Returns:
        Parameters in the types of the first, averaged in float64.

    Raises:
        ValueError: fewer than two checkpoints, or two that differ in a parameter's name or shape.
    """
    if len(states) < 2:
        raise ValueError(f'An average was asked for of {", ".join(states) or "nothing"}; it takes two checkpoints or '
                         'more.')
    (first, wanted), *others = states.items()
    for name, state in others:
        unlike = sorted(key for key in {*wanted, *state} if key not in wanted or key not in state
                        or wanted[key].shape != state[key].shape)
        if unlike:
            raise ValueError(f'{first} and {name} are not of one network: they differ in {unlike[0]}'
                             + (f' and {len(unlike) - 1} more.' if len(unlike) > 1 else '.'))
    last = list(states.values())[-1]
    return {key: torch.stack([state[key].double() for state in states.values()]).mean(0).to(value.dtype)
            if value.is_floating_point() else last[key] for key, value in wanted.items()}
