"""Which refiner is meant by a word: ``grabcut``, ``sam``, a file of SAM's weights. Imports no torch."""

import os
import re
from pathlib import Path
from typing import Any, Dict, Mapping, Union

from mmcabl.utils.names import to_text

#: Where SAM's weights are looked for, the largest first; their names are as published.
FOLDER = 'checkpoints'
NAMES = ('sam_vit_h_4b8939.pth', 'sam_vit_l_0b3195.pth', 'sam_vit_b_01ec64.pth')
_SAM = re.compile(r'sam_(vit_[bhl])_\w+\.pth')


def refiner_settings(refiner: Union[str, Mapping[str, Any]]) -> Dict[str, Any]:
    """Settings of :class:`mmcabl.refinement.CGSR` for a refiner.

    ``grabcut`` starts from the box alone, with which it does better; ``sam`` (the paper's) from box and points. A
    path is that of SAM's published weights. A dict is the config of a registered refiner; the prompt stays as it was.

    Raises:
        ValueError: another word.
        FileNotFoundError: SAM's weights are not there.
    """
    if isinstance(refiner, Mapping):
        return dict(refiner=dict(refiner))
    if refiner == 'grabcut':
        return dict(refiner=dict(type='mmcabl.GrabCutRefiner'), prompt='box')
    path = Path(refiner)
    if refiner == 'sam':
        path = next((p for p in (Path(FOLDER, name) for name in NAMES) if p.is_file()), Path(FOLDER, NAMES[0]))
    published = _SAM.fullmatch(path.name)
    if published is None:
        raise ValueError(f"{refiner!r} is no refiner; accepted are grabcut, sam, and the path of SAM's weights under "
                         f'the name they are published by ({", ".join(NAMES)}).')
    if not path.is_file():
        raise FileNotFoundError(f"SAM's weights are not at {to_text(os.fspath(path))}; download one of "
                                f'{", ".join(NAMES)} from the segment-anything release into {FOLDER}, or refine with '
                                'grabcut.')
    return dict(refiner=dict(type='mmcabl.SAMRefiner', model=published[1], checkpoint=str(path)),
                prompt='box_point')
