"""OpenCV's messages, held back while our readers decode: it prints one for every unknown tag of a TIFF file."""

import os
import threading
from contextlib import contextmanager
from typing import Iterator

import cv2

_lock = threading.Lock()
_before = []  # the level to go back to, once for each decoding under way; threads share OpenCV's one level


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Silence inside, unless the user set ``OPENCV_LOG_LEVEL``. What fails is told in our own sentences."""
    log = getattr(cv2.utils, 'logging', None)
    if log is None or os.environ.get('OPENCV_LOG_LEVEL'):
        yield
        return
    with _lock:
        _before.append(_before[0] if _before else log.setLogLevel(log.LOG_LEVEL_SILENT))
    try:
        yield
    finally:
        with _lock:
            level = _before.pop()
            if not _before:
                log.setLogLevel(level)
