"""Which images there are, in chunks: a file on disk, so that a million paths are never in memory."""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Tuple, Union

import numpy as np

from mmcabl.datasets.forgery_dataset import IMAGE_EXTENSIONS


@dataclass(frozen=True)
class ImageIndex:
    """Images of a source, ``chunk_size`` to a chunk, in an order that every process sees alike.

    Attributes:
        folder: holds ``images.txt``, one JSON string a line, and where each chunk begins in it.
        count: images.
        chunk_size: images in each chunk but the last.
    """

    folder: Path
    count: int
    chunk_size: int

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.count // self.chunk_size)

    def chunk(self, number: int) -> List[Tuple[int, str]]:
        """(index, path) of the images of one chunk."""
        start = int(np.load(self.folder / 'offsets.npy', mmap_mode='r')[number])
        first = number * self.chunk_size
        with open(self.folder / 'images.txt', 'rb') as file:
            file.seek(start)
            return [(i, json.loads(file.readline())) for i in range(first, min(first + self.chunk_size, self.count))]


def _paths(source: Path) -> Iterator[str]:
    """Image files below a folder, folder by folder in the order of names; or the lines of a list."""
    if source.is_dir():
        for folder, inner, files in os.walk(source):
            inner.sort()
            yield from (os.path.join(folder, name) for name in sorted(files)
                        if os.path.splitext(name)[1].lower() in IMAGE_EXTENSIONS)
    else:
        with open(source, encoding='utf-8') as lines:
            yield from (os.path.join(source.parent, line.rstrip('\n')) for line in lines if line.strip())


def build_index(source: Union[str, Path], folder: Union[str, Path], chunk_size: int) -> ImageIndex:
    """Write the index, unless it is there.

    Args:
        source: a folder, searched in depth, or a text file with one path a line, relative to its own folder.
        folder: of the index; appears as a whole or not at all.
        chunk_size: images a chunk.

    Raises:
        FileNotFoundError: no such source, or no images in it.
        ValueError: the index that is there was made of another source or with other chunks.
    """
    source, folder = Path(source), Path(folder)
    wanted = dict(source=str(source.resolve()), chunk_size=chunk_size)
    if (folder / 'index.json').is_file():
        return _there(folder, wanted)
    if not source.exists():
        raise FileNotFoundError(f'{source} is neither a folder nor a list of images.')
    part = folder.with_name(f'{folder.name}.{os.getpid()}.part')
    part.mkdir(parents=True, exist_ok=True)
    offsets, count = [], 0
    with open(part / 'images.txt', 'wb') as file:
        for path in _paths(source):
            if count % chunk_size == 0:
                offsets.append(file.tell())
            file.write(json.dumps(os.path.abspath(path)).encode() + b'\n')
            count += 1
    if not count:
        shutil.rmtree(part)
        raise FileNotFoundError(f'{source} has no images ({", ".join(IMAGE_EXTENSIONS)}).')
    np.save(part / 'offsets.npy', np.array(offsets, np.int64))
    (part / 'index.json').write_text(json.dumps(dict(wanted, count=count)))
    try:
        os.rename(part, folder)
    except OSError:  # another process was first
        shutil.rmtree(part)
    return _there(folder, wanted)


def _there(folder: Path, wanted: dict) -> ImageIndex:
    found = json.loads((folder / 'index.json').read_text())
    for key, value in wanted.items():
        if found[key] != value:
            raise ValueError(f'{folder} was made with {key}={found[key]!r}, now it is {value!r}; go on with what it '
                             'was made with, or give another output folder.')
    return ImageIndex(folder, found['count'], found['chunk_size'])


def await_index(source: Union[str, Path], folder: Union[str, Path], chunk_size: int,
                seconds: float = 3600) -> ImageIndex:
    """The index that another process is building."""
    deadline = time.time() + seconds
    while not (Path(folder) / 'index.json').is_file():
        if time.time() > deadline:
            raise TimeoutError(f'{folder} was not made within {seconds:.0f} s; the process of rank 0 makes it.')
        time.sleep(0.2)
    return build_index(source, folder, chunk_size)
