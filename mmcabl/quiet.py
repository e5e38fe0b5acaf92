"""Upstream's known noise, each piece of it named here; everything else is heard.

Importing mmpretrain and mmsegmentation warns of operators that nothing here uses and prints "Could not import OneDL".
Our modules import them through :func:`import_quietly`, which makes ``python -W error`` work as well.
"""

import sys
import warnings
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any, TextIO

#: (beginning of the message as a regular expression, category): about code that is not ours, and not for users.
WARNINGS = (
    ('Fail to import ``MultiScaleDeformableAttention``', UserWarning),  # mmcv-lite
    ('The draw is False, it means that the hook for visualization', UserWarning),  # mmseg without --show-dir
    (r"'?pin_memory'? argument is set as true but no accelerator", UserWarning),  # upstream's scripts, on a CPU
)
#: Categories that are addressed to a package's developers, kept back while other packages are imported.
FOR_DEVELOPERS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)
#: Lines that are printed, not logged.
PRINTED = ('Could not import OneDL',)


class _Without:
    """A text stream that passes everything on but the lines of :data:`PRINTED`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._skipped = stream, False

    def write(self, text: str) -> int:
        left_out = text.rstrip('\n') in PRINTED or (self._skipped and text == '\n')
        self._skipped = left_out and not text.endswith('\n')  # print() writes a line and its end apart
        return len(text) if left_out else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def ignore_known_warnings() -> None:
    """Python's warnings without those of :data:`WARNINGS`."""
    for message, category in WARNINGS:
        warnings.filterwarnings('ignore', message, category)


def import_quietly(*names: str) -> None:
    """Import modules of upstream; what they hold is then imported as usual."""
    with warnings.catch_warnings(), redirect_stdout(_Without(sys.stdout)):
        ignore_known_warnings()
        for category in FOR_DEVELOPERS:
            warnings.simplefilter('ignore', category)
        for name in names:
            import_module(name)
