"""What came, went and changed in a source of images since it was listed: said, never silently scored or lost."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, List

import numpy as np
from mmengine.logging import print_log

from mmcabl.apis.image_sources import PassedOver, paths_of
from mmcabl.images import is_local
from mmcabl.images.backends import Backend
from mmcabl.utils.files import replacing
from mmcabl.utils.names import to_text


@dataclass
class Changes:
    """Paths, in the order of the source (new) or of the index."""

    new: List[str] = field(default_factory=list)
    gone: List[str] = field(default_factory=list)
    changed: List[str] = field(default_factory=list)


def state_of(path: str, backend_args: Backend = None) -> List[int]:
    """Size in bytes and time of the last change, ns; [-1, -1] for what is not there, or not local."""
    try:
        found = os.stat(path) if is_local(path, backend_args) else None
    except (OSError, ValueError):
        found = None
    return [-1, -1] if found is None else [found.st_size, found.st_mtime_ns]


def listed(images: Path) -> Iterator[str]:
    """The paths of an index."""
    with open(images, 'rb') as file:
        yield from map(json.loads, file)


def changes_of(source: str, folder: Path, count: int, backend_args: Backend = None) -> Changes:
    """Compare a source with its index of ``count`` images; takes 16 bytes of memory an image, and a look at each."""
    found, states = Changes(), None
    if (folder / 'states.npy').is_file():
        states = np.load(folder / 'states.npy', mmap_mode='r')
    now = np.fromiter(map(_digest, paths_of(source, backend_args)), np.uint64)
    now.sort()
    then = np.zeros(count, np.uint64)
    for i, path in zip(range(count), listed(folder / 'images.txt')):
        then[i] = _digest(path)
        if not len(now) or now[min(np.searchsorted(now, then[i]), len(now) - 1)] != then[i]:
            found.gone.append(path)
        elif states is not None and i < len(states) and state_of(path, backend_args) != states[i].tolist():
            found.changed.append(path)
    wanted = set(np.setdiff1d(now, then).tolist())
    if wanted:
        found.new = [path for path in paths_of(source, backend_args, PassedOver()) if _digest(path) in wanted]
    return found


def say(found: Changes, source: str, folder: Path, count: int, added: bool) -> None:
    """A line for each kind, and its paths in ``<out>/{new,gone,changed}_images.txt``."""
    out = folder.parent
    for kind, paths in (('new', found.new), ('gone', found.gone), ('changed', found.changed)):
        if paths and not (kind == 'new' and added):
            with replacing(out / f'{kind}_images.txt') as part, open(part, 'w') as file:
                file.writelines(f'{to_text(path)}\n' for path in paths)
    if found.new:
        what = ('they are added and scored now, the records that are there stay as they are.' if added else
                f'they are not scored: {out}/new_images.txt lists them; --add-new adds them to these results.')
        _line(f'{to_text(source)} has {len(found.new)} images that are not in {folder}, the first being '
              f'{to_text(found.new[0])}; {what}')
    if found.gone:
        _line(f'{len(found.gone)} of {count} images of {folder} are no longer in {to_text(source)}, the first being '
              f'{to_text(found.gone[0])} (all: {out}/gone_images.txt); records that are there are kept, those '
              'without one yet will count as unreadable.')
    if found.changed:
        _line(f'{len(found.changed)} of {count} images of {folder} have another size or time of change than when '
              f'they were listed, the first being {to_text(found.changed[0])}; no image is scored twice: '
              f'{out}/changed_images.txt lists them, to be scored into another folder.')


def _line(text: str) -> None:
    print_log(text, logger='current', level=30)


def _digest(path: str) -> int:
    return int.from_bytes(hashlib.blake2b(path.encode(errors='surrogatepass'), digest_size=8).digest(), 'little')

