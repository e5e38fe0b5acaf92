"""Where images to score come from: a folder, a list, one image; and what has changed there since."""

import hashlib
import json
import os
from itertools import chain
from pathlib import Path
from typing import Iterable, Iterator, List, Optional

import numpy as np
from mmengine.logging import print_log

from mmcabl.images import IMAGE_EXTENSIONS, is_image
from mmcabl.utils.files import write_whole
from mmcabl.utils.names import from_text, to_text

#: No file name that a list could hold is longer; what is, is no list.
LONGEST_LINE = 65536


def paths_of(source: Path) -> Iterator[str]:
    """Absolute paths of a source's images: folder by folder in the order of names, or a list's lines.

    Raises:
        FileNotFoundError: no such source, no images in it, or not one of a list's is there.
        ValueError: a file that is neither an image nor a list; a folder that cannot be searched.
    """
    if source.is_dir():
        found: Iterable[str] = _in_folder(source)
    elif not source.is_file():
        raise FileNotFoundError(f'{to_text(str(source))} is neither a folder nor a list of images.')
    elif is_image(source.name):
        found = [str(source)]
    else:
        found = _in_list(source)
    found = map(os.path.abspath, found)
    first = next(found, None)
    if first is None:
        raise FileNotFoundError(f'{to_text(str(source))} has no images ({", ".join(IMAGE_EXTENSIONS)}).')
    yield from chain((first,), found)


def _in_folder(source: Path) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise ValueError(f'{to_text(str(error.filename))} cannot be searched for images: {error.strerror}.')

    for folder, inner, files in os.walk(source, onerror=fail):
        inner.sort()
        yield from (os.path.join(folder, name) for name in sorted(files) if is_image(name))


def _in_list(source: Path) -> Iterator[str]:
    """A list's paths: bytes, as file names are, in whatever encoding, or as :func:`to_text` writes them."""
    base = str(source.parent)
    missing: Optional[List[str]] = []
    with open(source, 'rb') as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b''), 1):
            line = line[3:] if number == 1 and line.startswith(b'\xef\xbb\xbf') else line
            if b'\0' in line or len(line) == LONGEST_LINE:
                raise ValueError(f'{to_text(str(source))}, line {number}, is not text: accepted are a folder, an '
                                 f'image ({", ".join(IMAGE_EXTENSIONS)}), or a text file with one path a line.')
            name = os.fsdecode(line.rstrip(b'\r\n'))
            if not name.strip():
                continue
            path = os.path.join(base, from_text(name))
            if missing is not None and not os.path.exists(path):
                missing.append(path)
                continue
            if missing is not None:  # the first that is there: what is missing now is marked when it is its turn
                yield from missing
                missing = None
            yield path
    if missing:
        raise FileNotFoundError(f'{to_text(str(source))}: not one of the {len(missing)} paths in it is there, the '
                                f'first being {to_text(missing[0])}; a list has one path a line, relative to its own '
                                'folder.')


def compare(source: Path, images: Path, news: Path) -> None:
    """Say how many images came to or went from a source since its index ``images`` was made.

    New ones are not scored along, for places in the index are given; their paths are written to ``news``, a list that
    can be scored. Takes 16 bytes of memory an image.
    """
    with open(images, 'rb') as file:
        then = np.fromiter((_digest(json.loads(line)) for line in file), np.uint64)
    now = np.fromiter(map(_digest, paths_of(source)), np.uint64)
    new, gone = np.setdiff1d(now, then), np.setdiff1d(then, now)
    if len(new):
        wanted = set(new.tolist())
        write_whole(news, ''.join(f'{to_text(path)}\n' for path in paths_of(source) if _digest(path) in wanted))
        print_log(f'{to_text(str(source))} has {len(new)} images that are not in {images.parent} and are not scored: '
                  f'{news} lists them; score that list, or everything, into another output folder.', logger='current',
                  level=30)
    if len(gone):
        print_log(f'{len(gone)} of {len(then)} images of {images.parent} are no longer in {to_text(str(source))}; '
                  'those without a score yet will count as unreadable.', logger='current', level=30)


def _digest(path: str) -> int:
    return int.from_bytes(hashlib.blake2b(path.encode(errors='surrogatepass'), digest_size=8).digest(), 'little')
