"""Reading a file that may be anything: only regular ones, only so much of it, whatever its name."""

import os
import stat
from pathlib import Path
from typing import Union

NOT_REGULAR = ((stat.S_ISDIR, 'a folder'), (stat.S_ISFIFO, 'a named pipe'), (stat.S_ISCHR, 'a device'),
         (stat.S_ISBLK, 'a device'), (stat.S_ISSOCK, 'a socket'))


def shown(path: Union[str, bytes, Path]) -> str:
    r"""A path for a sentence: what cannot be printed, such as bytes that are not UTF-8, becomes ``\xe9``, ``\n``."""
    text = os.fsdecode(path)
    return text if text.isprintable() else ''.join(
        c if c.isprintable() else f'\\x{ord(c) - 0xdc00:02x}' if '\udc80' <= c <= '\udcff'
        else c.encode('unicode_escape').decode() for c in text)


def read_regular(path: Union[str, Path], most: int) -> bytes:
    """All bytes of a regular file.

    A link is followed to what it names; a pipe or device is not waited for.

    Args:
        path: the file; its name may be any bytes that the system takes.
        most: bytes; a larger file is refused before it is read.

    Raises:
        ValueError: one sentence that names the file: missing, not a regular file, empty, too large.
    """
    flags = os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_BINARY', 0) | getattr(os, 'O_CLOEXEC', 0)
    if '\0' in os.fsdecode(path):
        raise ValueError(f'{shown(path)} is no path: it has a zero byte in it.')
    try:
        handle = os.open(path, flags)  # non-blocking: opening a pipe that nobody writes to would wait for ever
        with open(handle, 'rb') as file:  # closes the handle
            mode = os.fstat(handle).st_mode
            if not stat.S_ISREG(mode):
                kind = next((name for test, name in NOT_REGULAR if test(mode)), 'no file')
                raise ValueError(f'{shown(path)} is {kind}, not a regular file.')
            size = os.fstat(handle).st_size
            data = file.read(min(most, max(size, 2 ** 16)) + 1) if size <= most else None
    except IsADirectoryError:  # opening one fails on some systems
        raise ValueError(f'{shown(path)} is a folder, not a regular file.') from None
    except OSError as error:
        raise ValueError(f'{shown(path)} cannot be read: {error.strerror}.') from None
    if data is None or len(data) > most:
        raise ValueError(f'{shown(path)} is larger than {most / 1e6:.0f} MB, more than an image of the agreed size '
                         'can need.')
    if not data:
        raise ValueError(f'{shown(path)} is empty (0 bytes).')
    return data
