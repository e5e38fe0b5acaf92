import json
import os
import shutil
import time
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Iterable, List, Tuple, Union

import numpy as np

from mmcabl.apis.image_sources import compare, paths_of
from mmcabl.utils.files import write_whole, writing


@dataclass(frozen=True)
class ImageIndex:
    """``count`` images, ``chunk_size`` to a chunk, in an order that every process sees alike.

    On disk, so that a million paths are never in memory: ``folder`` holds ``images.txt``, one JSON string a line, and
    where each chunk begins in it.
    """

    folder: Path
    count: int
    chunk_size: int

    @property
    def chunks(self) -> int:
        return -(-self.count // self.chunk_size)

    def chunk(self, number: int) -> List[Tuple[int, str]]:
        """(index, path) of the images of one chunk."""
        start = int(np.load(self.folder / 'offsets.npy', mmap_mode='r')[number])
        first = number * self.chunk_size
        with open(self.folder / 'images.txt', 'rb') as file:
            file.seek(start)
            return [(i, json.loads(file.readline())) for i in range(first, min(first + self.chunk_size, self.count))]


def build_index(source: Union[str, Path], folder: Union[str, Path], chunk_size: int) -> ImageIndex:
    """Write the index, unless it is there; then compare the source with it and say what came and went.

    The source is a folder, searched in depth, one image, or a text file with one path a line, relative to its own
    folder. The index appears as a whole or not at all.

    Raises:
        FileNotFoundError: no such source, or no images in it.
        ValueError: a list that is none; the index that is there was made of another source or with other chunks.
        NotWritten: the index cannot be written.
    """
    source, folder = Path(source), Path(folder)
    wanted = dict(source=str(source.resolve()), chunk_size=chunk_size)
    if (folder / 'index.json').is_file():
        index = _there(folder, wanted)
        compare(source, folder / 'images.txt', folder.parent / 'new_images.txt')
        return index
    part = folder.with_name(f'{folder.name}.{os.getpid()}.part')
    paths = paths_of(source)
    first = next(paths)  # raises before anything is written
    try:
        with writing(folder):
            _write_index(part, first, paths, wanted)
            try:
                os.rename(part, folder)
            except OSError:
                if not (folder / 'index.json').is_file():  # else another process was first
                    raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return _there(folder, wanted)


def _write_index(part: Path, first: str, paths: Iterable[str], wanted: dict) -> None:
    part.mkdir(parents=True, exist_ok=True)
    offsets, count = [], 0
    with open(part / 'images.txt', 'wb') as file:
        for path in chain([first], paths):
            if count % wanted['chunk_size'] == 0:
                offsets.append(file.tell())
            file.write(json.dumps(path).encode() + b'\n')
            count += 1
    np.save(part / 'offsets.npy', np.array(offsets, np.int64))
    write_whole(part / 'index.json', json.dumps(dict(wanted, count=count)))


def _there(folder: Path, wanted: dict) -> ImageIndex:
    try:
        found = json.loads((folder / 'index.json').read_text())
        index = ImageIndex(folder, int(found['count']), int(found['chunk_size']))
    except (ValueError, KeyError, TypeError):
        raise ValueError(f'{folder / "index.json"} is not what scoring wrote; give another output folder.') from None
    for key, value in wanted.items():
        if found.get(key) != value:
            raise ValueError(f'{folder} was made with {key}={found.get(key)!r}, now it is {value!r}; go on with what '
                             'it was made with, or give another output folder.')
    return index


def await_index(source: Union[str, Path], folder: Union[str, Path], chunk_size: int,
                seconds: float = 3600) -> ImageIndex:
    """The index that another process is building."""
    deadline = time.time() + seconds
    while not (Path(folder) / 'index.json').is_file():
        if time.time() > deadline:
            raise TimeoutError(f'{folder} was not made within {seconds:.0f} s; the process of rank 0 makes it.')
        time.sleep(0.2)
    return _there(Path(folder), dict(source=str(Path(source).resolve()), chunk_size=chunk_size))
