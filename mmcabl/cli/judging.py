"""The slow part of ``mmcabl check``, and the inferencer that commands and the page use."""

import logging
import time
import warnings
from typing import Any, List, Optional

from mmcabl.apis.inputs import Given
from mmcabl.apis.model_choice import Choice
from mmcabl.cli.output import say
from mmcabl.quiet import FOR_DEVELOPERS, ignore_known_warnings
from mmcabl.reports.about import About
from mmcabl.reports.check_folder import CheckFolder
from mmcabl.reports.entries import sha256_of_photograph

#: Seconds after which a progress that no terminal shows is told in a line.
SILENCE = 10.


def judge(left: List[Given], folder: CheckFolder, inferencer: Any, about: About) -> None:
    """Judge photographs and keep each result as soon as it is known."""
    from rich.console import Console
    from rich.progress import track
    console, said = Console(stderr=True), time.monotonic()
    for index, given in enumerate(track(left, 'Judging', console=console, disable=not console.is_terminal,
                                        transient=True)):
        if not console.is_terminal and time.monotonic() - said > SILENCE:
            say(f'{index} of {len(left)} ...')
            said = time.monotonic()
        sha256 = sha256_of_photograph(given.source)
        sample = inferencer.samples([(index, given)], [inferencer.load(index, given)])[0]
        folder.add(given.source, sample, about, sha256)


def make_inferencer(choice: Choice, refiner: Optional[str], threshold: Optional[float], device: str) -> Any:
    """The inferencer, upstream being imported without what is for training and without its noise."""
    if choice.exported:
        from mmcabl.apis.exported import ExportedInferencer
        return ExportedInferencer(choice, refiner=refiner, threshold=threshold)
    from mmcabl.cli.lean import lean_imports
    with warnings.catch_warnings(), lean_imports():
        ignore_known_warnings()
        for category in FOR_DEVELOPERS:
            warnings.simplefilter('ignore', category)
        from mmengine.logging import MMLogger

        from mmcabl.apis.inferencer import ForensicInferencer
        MMLogger.get_current_instance().setLevel(logging.ERROR)  # what cannot be read is in the report
        return ForensicInferencer(choice, device=device, refiner=refiner, threshold=threshold)
