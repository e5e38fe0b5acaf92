"""How far a training has come, for losses that change with it."""

import math
from typing import Tuple

from mmengine.logging import MessageHub


def training_progress() -> Tuple[int, float]:
    """The running training's epoch, from 0, and the part of it that is done, as mmengine's Runner tells everyone.

    Returns:
        epoch; epoch / epochs in [0, 1), or iteration / iterations where the training is one epoch or counts
        iterations. (0, 0) outside of a training.
    """
    hub = MessageHub.get_current_instance()

    def told(name: str) -> int:
        return int(hub.get_info(name, 0) or 0)

    epoch, epochs, iterations = told('epoch'), told('max_epochs'), told('max_iters')
    if epochs > 1:
        return epoch, min(1., epoch / epochs)
    return epoch, min(1., told('iter') / iterations) if iterations else 0.


def gaussian_ramp(done: float, steepness: float = 5.) -> float:
    """``exp(-steepness (1 - done)^2)``: 0.007 at the start of a training, 1 at its end, for a steepness of 5."""
    return math.exp(-steepness * (1 - done) ** 2)
