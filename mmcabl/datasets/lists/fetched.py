"""Lists that lie elsewhere: read once, through mmengine's file backends, and parsed as those of this machine are."""

import io
import os
from typing import IO, Optional

from mmcabl.images.backends import Backend, is_local, read_file

#: Bytes of the longest list that is read from elsewhere.
LONGEST = 2 ** 32


class Fetched(str):
    """The address of a list, with its bytes in ``data``."""

    data: bytes = b''


def fetched(path: str, backend_args: Backend = None) -> str:
    """A list's path as its parsers take it; its bytes are fetched where it is not local.

    An absolute path is of this machine, whatever the backend: a list need not lie in the LMDB of its images.

    Raises:
        ValueError, OSError: of :func:`mmcabl.images.read_file`.
    """
    if os.path.isabs(path) or is_local(path, backend_args):
        return path
    found = Fetched(path)
    found.data = read_file(path, LONGEST, backend_args)
    return found


def opened_list(file: str, newline: Optional[str] = None) -> IO[str]:
    """A list's text; bytes that are no UTF-8 stay as Python keeps those of file names."""
    raw = io.BytesIO(file.data) if isinstance(file, Fetched) else open(file, 'rb')  # noqa: SIM115 - the caller closes
    return io.TextIOWrapper(raw, encoding='utf-8-sig', errors='surrogateescape', newline=newline)
