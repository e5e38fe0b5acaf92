"""Files on their way from the browser to the worker: in one folder of the page's own, for seconds."""

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Iterator, List

from mmcabl.web.limits import Refused


def inside(path: Any, folder: Path) -> bool:
    """Whether something is the path of a file below ``folder``, links and ``..`` followed."""
    if not isinstance(path, (str, os.PathLike)) or '\0' in os.fspath(path):
        return False
    try:
        return Path(path).resolve().is_relative_to(folder.resolve()) and Path(path).is_file()
    except (OSError, RuntimeError, ValueError):  # a name that is too long, links in a circle
        return False


async def receive(request: Any, folder: Path, most: int, count: int) -> List[str]:
    """Write the files of a form and return their paths.

    Gradio's own way names uploads by their contents, so that two visitors with one photograph share a file, and the
    first to be answered would take it from the other. Names that senders gave are no part of a path.

    Args:
        request: a ``starlette.requests.Request``, whose length was checked.
        most: bytes of each.
        count: of files.

    Raises:
        Refused: larger ones; nothing is kept then.
    """
    paths: List[Path] = []
    async with request.form(max_files=count, max_fields=8) as form:
        files = [file for file in form.getlist('files') if hasattr(file, 'read')]
        large = [plain_name(file.filename) for file in files if file.size > most]
        if large:
            raise Refused(f'{", ".join(large)}: larger than {most / 2 ** 20:g} MB, the limit of this page.')
        for file in files:
            paths.append(folder / f'{secrets.token_hex(16)}.photograph')
            paths[-1].write_bytes(await file.read())
    return [str(path) for path in paths]


def take(path: Any, folder: Path, most: int) -> Path:
    """The path of an upload.

    Raises:
        Refused: it is none, or larger than ``most`` bytes.
    """
    if not inside(path, folder):
        raise Refused('This is no photograph that was given to the page, or it waited too long; give it again.')
    if os.path.getsize(path) > most:
        raise Refused(f'The file is larger than {most / 2 ** 20:g} MB, the limit of this page.')
    return Path(path)


def remove(path: Any, folder: Path) -> None:
    """Remove an upload."""
    if inside(path, folder):
        Path(path).unlink(missing_ok=True)


def files_in(folder: Path) -> Iterator[os.stat_result]:
    """What the system knows of each file below a folder."""
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.stat(os.path.join(root, name))
            except OSError:
                continue  # removed meanwhile


def held(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(found.st_size for found in files_in(folder))


def sweep(folder: Path, seconds: float) -> None:
    """Remove uploads that nobody has asked to judge for so long."""
    limit = time.time() - seconds
    for path in list(folder.rglob('*')):
        with suppress(OSError):
            if path.stat().st_mtime < limit:
                path.rmdir() if path.is_dir() else remove(path, folder)


def plain_name(name: Any, taken: Any = ()) -> str:
    """A file's name for people: no folders, nothing unprintable, 120 characters at most, unlike those ``taken``."""
    text = os.path.basename(str(name).replace('\\', '/'))
    text = ''.join(c for c in text if c.isprintable()).strip().lstrip('.') or 'photograph'
    stem, dot, kind = text.rpartition('.')
    stem, kind = (stem, kind) if dot and stem and len(kind) < 8 else (text, '')
    stem, end = stem[:110], f'.{kind}' if kind else ''
    found, number = stem + end, 1
    while found in taken:
        number += 1
        found = f'{stem} ({number}){end}'
    return found
