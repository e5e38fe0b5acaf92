"""From the command's arguments to an engine; imported by the page's process, which must not import torch."""

import tempfile
from typing import Any, Optional

from mmcabl.web.limits import Limits


def make_engine(folder: str, limits: Limits, model: str, weights: Optional[str], device: Optional[str],
                refiner: Optional[str], threshold: Optional[float]) -> Any:
    """An :class:`mmcabl.web.engine.Engine` on the inferencer of ``mmcabl check``; called in the worker's process.

    Args:
        folder: the page's own; what is written for a moment is written there.
        model, weights, device, refiner, threshold: of :class:`mmcabl.apis.inferencer.ForensicInferencer`.
    """
    from mmcabl.apis.model_choice import choose_model
    from mmcabl.cli.check import decided, make_inferencer

    tempfile.tempdir = folder
    choice = choose_model(model, weights)
    about, _ = decided(choice, refiner, threshold)
    inferencer = make_inferencer(choice, refiner, threshold, device or '')

    from mmcabl.web.engine import Engine
    from mmcabl.web.judge import Judge

    return Engine(Judge(inferencer, about), limits)
