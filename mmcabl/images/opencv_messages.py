"""OpenCV's messages, held back while our readers decode: it prints one for every unknown tag of a TIFF file."""

import os
import threading
from contextlib import contextmanager
from typing import Iterator

import cv2

SILENT = 0
#: Sets OpenCV's level and gives the one before; OpenCV 4 has it here, OpenCV 5 there.
_set_level = getattr(cv2, 'setLogLevel', None) or getattr(getattr(cv2.utils, 'logging', None), 'setLogLevel', None)
_lock = threading.Lock()
_before = []  # the level to go back to, once for each decoding under way; threads share OpenCV's one level


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Silence inside, unless the user set ``OPENCV_LOG_LEVEL``. What fails is told in our own sentences."""
    if _set_level is None or os.environ.get('OPENCV_LOG_LEVEL'):
        yield
        return
    with _lock:
        _before.append(_before[0] if _before else _set_level(SILENT))
    try:
        yield
    finally:
        with _lock:
            level = _before.pop()
            if not _before:
                _set_level(level)
