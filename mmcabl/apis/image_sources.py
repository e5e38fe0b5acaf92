"""Where images to score come from: a folder, a list, one image, on this machine or in a store."""

import os
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Union

from mmengine.logging import print_log

from mmcabl.images import IMAGE_EXTENSIONS, is_local, is_photograph, join
from mmcabl.images.backends import ADDRESS, Backend
from mmcabl.utils.names import from_text, to_text

#: No file name that a list could hold is longer; what is, is no list.
LONGEST_LINE = 65536
LISTS = ('.txt', '.lst', '.list')
ACCEPTED = (f'a folder, an image ({", ".join(IMAGE_EXTENSIONS)}, .webp, ...), or a text file with one path a line')


@dataclass
class PassedOver:
    """Files of a folder that are no photographs by their names: how many, and the first of them."""

    count: int = 0
    first: List[str] = field(default_factory=list)

    def add(self, names: Iterable[str]) -> None:
        for name in names:
            self.count += 1
            if len(self.first) < 3:
                self.first.append(os.path.basename(name))

    def say(self, source: str) -> None:
        """One line of it, where there are any."""
        if self.count:
            names = ', '.join(map(to_text, self.first)) + (', ...' if self.count > len(self.first) else '')
            print_log(f'{to_text(source)} has {self.count} files that are no images by their names and are passed '
                      f'over: {names}.', logger='current', level=30)


def place_of(source: str, backend_args: Backend = None) -> str:
    """A source as it is noted: an absolute path, an address, or a key."""
    return str(Path(source).resolve()) if is_local(source, backend_args) or os.path.exists(source) else source


def paths_of(source: Union[str, Path], backend_args: Backend = None,
             passed_over: Optional[PassedOver] = None) -> Iterator[str]:
    """Absolute paths, addresses or keys of a source's images: folder by folder in order of names, or a list's lines.

    Args:
        source: a folder, a list or an image of this machine; an address of an image or a list; a folder of a store
            that can be listed (``s3://...``; with ``backend_args`` of an LMDB a folder of keys, ``.`` for all).
        backend_args: of mmengine's file backends, by which the images are read.
        passed_over: counts the files of a folder that are left out.

    Raises:
        FileNotFoundError: no such source, no images in it, or not one of a list's is there.
        ValueError: a file that is neither an image nor a list; a folder that cannot be searched.
    """
    source = os.fspath(source)
    passed_over = PassedOver() if passed_over is None else passed_over
    there = is_local(source)  # a list of this machine may name images of a store
    if there and os.path.isdir(source) and is_local(source, backend_args):
        found: Iterable[str] = _in_folder(source, passed_over)
    elif there and os.path.isfile(source):
        single = is_photograph(source) and is_local(source, backend_args)
        found = [source] if single else _in_list(source, backend_args)
    elif is_local(source, backend_args):
        raise FileNotFoundError(f'{to_text(source)} is neither a folder nor a list of images.')
    else:
        found = _in_store('' if source == '.' else source, backend_args, passed_over)
    found = (path if not is_local(path, backend_args) else os.path.abspath(path) for path in found)
    first = next(found, None)
    if first is None:
        raise FileNotFoundError(f'{to_text(source)} has no images ({", ".join(IMAGE_EXTENSIONS)}, .webp, ...).')
    yield from chain((first,), found)


def _in_folder(source: str, passed_over: PassedOver) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise ValueError(f'{to_text(str(error.filename))} cannot be searched for images: {error.strerror}.')

    for folder, inner, files in os.walk(source, onerror=fail):
        inner.sort()
        yield from (os.path.join(folder, name) for name in sorted(files) if is_photograph(name))
        passed_over.add(sorted(name for name in files if not is_photograph(name)))


def _in_store(source: str, backend_args: Backend, passed_over: PassedOver) -> Iterator[str]:
    if is_photograph(source):
        yield source
    elif source.lower().endswith(LISTS):
        yield from _in_list(source, backend_args)
    else:
        from mmcabl.datasets.trees import stored_names
        names = stored_names(source, backend_args)
        if names is None:
            raise ValueError(f'{to_text(source)} cannot be listed; accepted of such a place are an image and a list '
                             f'of images ({", ".join(LISTS)}).')
        yield from (join(source, name, backend_args) for name in names if is_photograph(name))
        passed_over.add(name for name in names if not is_photograph(name))


def _list_lines(source: str, backend_args: Backend) -> Iterator[bytes]:
    from mmcabl.datasets.lists.fetched import Fetched, fetched
    file = source if os.path.isfile(source) else fetched(source, backend_args)
    if isinstance(file, Fetched):
        yield from file.data.split(b'\n')
        return
    with open(file, 'rb') as opened:
        yield from iter(lambda: opened.readline(LONGEST_LINE), b'')


def _in_list(source: str, backend_args: Backend) -> Iterator[str]:
    """A list's paths: bytes, as file names are, in whatever encoding, or as :func:`to_text` writes them."""
    base = os.path.dirname(source)
    missing: List[str] = []
    waiting = True
    for number, line in enumerate(_list_lines(source, backend_args), 1):
        line = line[3:] if number == 1 and line.startswith(b'\xef\xbb\xbf') else line
        if b'\0' in line or len(line) >= LONGEST_LINE:
            raise ValueError(f'{to_text(source)}, line {number}, is not text: accepted are {ACCEPTED}.')
        name = from_text(os.fsdecode(line.rstrip(b'\r\n')))
        if not name.strip():
            continue
        if ADDRESS.match(name) or not is_local(name, backend_args) and os.path.isfile(source):
            path = name  # an address, or a key
        else:
            path = os.path.join(base, name) if is_local(source, backend_args) else join(base, name, backend_args)
        if waiting and is_local(path, backend_args) and not os.path.exists(path):
            missing.append(path)
            continue
        if waiting:  # the first that is there: what is missing now is marked when it is its turn
            yield from missing
            waiting, missing = False, []
        yield path
    if missing:
        raise FileNotFoundError(f'{to_text(source)}: not one of the {len(missing)} paths in it is there, the first '
                                f'being {to_text(missing[0])}; a list has one path a line, relative to its own '
                                'folder.')
