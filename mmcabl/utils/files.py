"""Files that are there as a whole or not at all, and one sentence where one cannot be written."""

import errno
import io
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, Optional, Union

import cv2
import numpy as np

#: What files are written with; tests put a file here that runs full.
RawFile = io.FileIO
PathLike = Union[str, Path]


class NotWritten(OSError):
    """A file cannot be written: the disk is full, the folder is read-only, ... The run ends, no image is to blame."""


@contextmanager
def writing(path: PathLike) -> Iterator[None]:
    """An ``OSError`` inside becomes :class:`NotWritten`, one sentence that names the file and what is left."""
    try:
        yield
    except NotWritten:
        raise
    except OSError as error:
        raise NotWritten(f'{path} cannot be written: {error.strerror or error}. What was finished before is kept; '
                         'when this is mended, run the same command again.') from error


def write_all(file: io.RawIOBase, data: bytes) -> None:
    """Write all of ``data`` to an unbuffered file, whose own ``write`` may write less and say so in a number only."""
    view = memoryview(data)
    while view:
        count = file.write(view)
        if not count:
            raise OSError(errno.EIO, 'the system took no more bytes')
        view = view[count:]


@contextmanager
def replacing(path: PathLike, sync: bool = False, part: Optional[PathLike] = None) -> Iterator[Path]:
    """A name to write a file under, which takes the place of ``path`` as a whole when the block ends.

    Args:
        path: of the file; its folder is made.
        sync: have it on the device before its name says so, for what is removed on the strength of it.
        part: that name, for files so large that a killed process's is to be written over; one of this process's own
            by default.

    Raises:
        NotWritten: nothing has changed then.
    """
    path = Path(path)
    part = Path(part or path.with_name(f'{path.name}.{os.getpid()}.part'))
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            if sync:
                with open(part, 'rb') as file:
                    os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise


def write_whole(path: PathLike, data: Union[str, bytes], sync: bool = False) -> None:
    """Write a file that appears as a whole or not at all, and make its folder.

    Args:
        path: of the file.
        data: bytes, or text that becomes UTF-8.
        sync: as in :func:`replacing`.

    Raises:
        NotWritten: nothing has changed then.
    """
    with replacing(path, sync) as part, RawFile(part, 'wb') as file:
        write_all(file, data.encode() if isinstance(data, str) else data)


def write_first(path: PathLike, data: Union[str, bytes]) -> None:
    """:func:`write_whole`, unless the file is there: of several processes, one writes it."""
    path = Path(path)
    if path.is_file():
        return
    part = path.with_name(f'{path.name}.{os.getpid()}.new')
    write_whole(part, data)
    try:
        os.link(part, path)  # there as a whole or not at all, by whoever is first
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        write_whole(path, data)
    part.unlink()


def write_png(path: PathLike, picture: np.ndarray) -> None:
    """Write (H, W) or (H, W, 3) uint8 BGR; OpenCV's own writer takes no name that is not UTF-8.

    Raises:
        ValueError, cv2.error: the picture is none that PNG can hold.
        NotWritten: the file cannot be written.
    """
    whole, data = cv2.imencode('.png', picture)
    if not whole:
        raise ValueError(f'A picture of shape {picture.shape} cannot be written as PNG.')
    write_whole(path, data.tobytes())


def write_mask(path: PathLike, mask: np.ndarray) -> None:
    """Write a mask (H, W) bool as a PNG, 255 is manipulated."""
    write_png(path, np.asarray(mask).astype(np.uint8) * 255)


def remove_parts(folder: PathLike) -> None:
    """Remove what killed processes left half-written below a folder of ours; none may be at work there."""
    for path in Path(folder).rglob('*.part'):
        if path.name.split('.')[-2].isdigit():
            path.unlink()
