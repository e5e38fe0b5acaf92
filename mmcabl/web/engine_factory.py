"""From the command's arguments to an engine; imported by the page's process, which must not import torch."""

from typing import Any, Optional

from mmcabl.web.limits import Limits


def make_engine(limits: Limits, model: str, weights: Optional[str], device: Optional[str], refiner: Optional[str],
                threshold: Optional[float]) -> Any:
    """An :class:`mmcabl.web.engine.Engine` on :class:`mmcabl.apis.inferencer.ForensicInferencer`, whose arguments
    these are; called in the worker's process."""
    from mmengine.logging import MMLogger

    from mmcabl.apis.inferencer import ForensicInferencer
    from mmcabl.web.engine import Engine
    from mmcabl.web.judge import Judge

    MMLogger.get_current_instance().setLevel('ERROR')  # visitors are told what is wrong with their files
    return Engine(Judge(ForensicInferencer(model, weights, device, refiner, threshold)), limits)
