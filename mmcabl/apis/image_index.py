import json
import os
import shutil
import time
from array import array
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Iterable, List, Tuple, Union

import numpy as np

from mmcabl.apis.image_sources import PassedOver, paths_of, place_of
from mmcabl.apis.source_changes import changes_of, listed, say, state_of
from mmcabl.images.backends import Backend
from mmcabl.utils.files import replacing, write_whole, writing


@dataclass(frozen=True)
class ImageIndex:
    """``count`` images, ``chunk_size`` to a chunk, in an order that every process sees alike.

    On disk, so that a million paths are never in memory: ``folder`` holds ``images.txt``, one JSON string a line,
    where each chunk begins in it, and what size and time each file had. ``parts`` are the counts up to which it was
    written at a time: images that were added later begin a chunk of their own, so chunks that are there never change.
    """

    folder: Path
    count: int
    chunk_size: int
    parts: Tuple[int, ...] = ()

    @property
    def chunks(self) -> int:
        return len(self._bounds())

    def chunk(self, number: int) -> List[Tuple[int, str]]:
        """(index, path) of the images of one chunk."""
        start = int(np.load(self.folder / 'offsets.npy', mmap_mode='r')[number])
        first, end = self._bounds()[number]
        with open(self.folder / 'images.txt', 'rb') as file:
            file.seek(start)
            return [(i, json.loads(file.readline())) for i in range(first, end)]

    def _bounds(self) -> List[Tuple[int, int]]:
        ends = self.parts or (self.count,)
        return [(i, min(i + self.chunk_size, end)) for begin, end in zip((0, *ends), ends)
                for i in range(begin, end, self.chunk_size)]


def build_index(source: Union[str, Path], folder: Union[str, Path], chunk_size: int, backend_args: Backend = None,
                add_new: bool = False) -> ImageIndex:
    """Write the index, unless it is there; then compare the source with it and say what came, went and changed.

    The source is as of :func:`mmcabl.apis.image_sources.paths_of`. The index appears as a whole or not at all.

    Args:
        add_new: add images that came to the source behind those that are there.

    Raises:
        FileNotFoundError: no such source, or no images in it.
        ValueError: a list that is none; the index that is there was made of another source or with other chunks.
        NotWritten: the index cannot be written.
    """
    source, folder = str(source), Path(folder)
    wanted = _wanted(source, chunk_size, backend_args)
    if (folder / 'index.json').is_file():
        index = _there(folder, wanted)
        found = changes_of(source, folder, index.count, backend_args)
        say(found, source, folder, index.count, add_new)
        return _extended(index, found.new, wanted, backend_args) if add_new and found.new else index
    part, passed_over = folder.with_name(f'{folder.name}.{os.getpid()}.part'), PassedOver()
    paths = paths_of(source, backend_args, passed_over)
    first = next(paths)  # raises before anything is written
    try:
        with writing(folder):
            part.mkdir(parents=True, exist_ok=True)
            _write_index(part, chain([first], paths), (), wanted, backend_args)
            try:
                os.rename(part, folder)
            except OSError:
                if not (folder / 'index.json').is_file():  # else another process was first
                    raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    passed_over.say(source)
    return _there(folder, wanted)


def _wanted(source: str, chunk_size: int, backend_args: Backend) -> dict:
    found = dict(source=place_of(source, backend_args), chunk_size=chunk_size)
    return dict(found, backend_args=dict(backend_args)) if backend_args else found


def _extended(index: ImageIndex, new: List[str], wanted: dict, backend_args: Backend) -> ImageIndex:
    """The index with further images. Its files grow first, ``index.json`` says so last: a kill before is harmless."""
    paths = (path for _, path in zip(range(index.count), listed(index.folder / 'images.txt')))
    _write_index(index.folder, chain(paths, new), index.parts or (index.count,), wanted, backend_args)
    return _there(index.folder, wanted)


def _write_index(folder: Path, paths: Iterable[str], parts: Tuple[int, ...], wanted: dict,
                 backend_args: Backend) -> None:
    """``parts``: those of the index that is there, whose images come first, with the states they had."""
    offsets, states, starts, count, begin = array('q'), array('q'), {0, *parts}, 0, 0
    before = np.load(folder / 'states.npy') if (folder / 'states.npy').is_file() else np.zeros((0, 2), np.int64)
    with replacing(folder / 'images.txt', sync=True) as new, open(new, 'wb') as file:
        for path in paths:
            begin = count if count in starts else begin
            if (count - begin) % wanted['chunk_size'] == 0:
                offsets.append(file.tell())
            file.write(json.dumps(path).encode() + b'\n')
            old = bool(parts) and count < parts[-1] and count < len(before)
            states.extend(before[count].tolist() if old else state_of(path, backend_args))
            count += 1
    for name, values in (('offsets', np.array(offsets, np.int64)), ('states', np.array(states).reshape(-1, 2))):
        with replacing(folder / f'{name}.npy', sync=True) as new, open(new, 'wb') as file:
            np.save(file, values)
    write_whole(folder / 'index.json', json.dumps(dict(wanted, count=count, parts=[*parts, count])), sync=True)


def _there(folder: Path, wanted: dict) -> ImageIndex:
    try:
        found = json.loads((folder / 'index.json').read_text())
        index = ImageIndex(folder, int(found['count']), int(found['chunk_size']), tuple(found.get('parts', ())))
    except (ValueError, KeyError, TypeError):
        raise ValueError(f'{folder / "index.json"} is not what scoring wrote; give another output folder.') from None
    for key, value in wanted.items():
        if found.get(key) != value:
            raise ValueError(f'{folder} was made with {key}={found.get(key)!r}, now it is {value!r}; go on with what '
                             'it was made with, or give another output folder.')
    return index


def await_index(source: Union[str, Path], folder: Union[str, Path], chunk_size: int, backend_args: Backend = None,
                seconds: float = 3600) -> ImageIndex:
    """The index that another process is building."""
    deadline = time.time() + seconds
    while not (Path(folder) / 'index.json').is_file():
        if time.time() > deadline:
            raise TimeoutError(f'{folder} was not made within {seconds:.0f} s; the process of rank 0 makes it.')
        time.sleep(0.2)
    return _there(Path(folder), _wanted(str(source), chunk_size, backend_args))
