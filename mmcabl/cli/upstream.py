"""``mmcabl train`` and ``mmcabl test``: the unmodified scripts of the config's toolbox."""

import sys
from typing import Optional, Sequence

from mmcabl.bases import know_bases
from mmcabl.engine.scripts.upstream import arguments_for, run_upstream, toolbox_of


def train(arguments: Optional[Sequence[str]] = None, prog: str = 'train.py') -> int:
    """``train.py`` of mmpretrain or mmsegmentation; ``arguments`` are this process's by default."""
    know_bases()
    given = list(sys.argv[1:] if arguments is None else arguments)
    toolbox = toolbox_of(given)
    sys.argv = [prog, *arguments_for(toolbox, given)]
    run_upstream(toolbox, 'train.py')
    return 0


def test(arguments: Optional[Sequence[str]] = None, prog: str = 'test.py') -> int:
    """``test.py`` of mmpretrain or mmsegmentation; ``arguments`` are this process's by default."""
    know_bases()
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.argv = [prog, *given]
    run_upstream(toolbox_of(given), 'test.py')
    return 0
