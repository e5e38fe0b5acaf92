"""Per-image results on disk: appended one by one, complete up to the last whole line after any kill."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import numpy as np
import torch

from mmcabl.evaluation.sharded_metric import Key

#: One of our JSON lines: dataset, index, image, unreadable, metrics, and what else is known of the image.
Record = Dict[str, Any]


class ResultStore:
    """A folder with one ``images.<rank>.jsonl`` for each process that wrote to it.

    A record is on disk, as far as the operating system is concerned, when :meth:`append` returns: killing the
    process loses none. A last line cut short by a kill is passed over, and its image is done again.

    Args:
        folder: made when missing.
        rank: of this process among those that write at the same time.
    """

    def __init__(self, folder: Union[str, Path], rank: int = 0) -> None:
        self.folder, self.rank = Path(folder), rank
        self._file = None

    @property
    def path(self) -> Path:
        """This process's file."""
        return self.folder / f'images.{self.rank:05d}.jsonl'

    def append(self, record: Record) -> None:
        """Add one image's record."""
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            whole = not self.path.is_file() or self.path.read_bytes()[-1:] in (b'', b'\n')
            self._file = open(self.path, 'ab', buffering=0)  # noqa: SIM115, open as long as the run
            if not whole:
                self._file.write(b'\n')
        self._file.write(json.dumps(record, default=_plain).encode() + b'\n')

    def close(self) -> None:
        """Close this process's file; appending opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> Dict[Key, Record]:
        """Every whole record of all processes, each image once, the last one written of each file winning."""
        records: Dict[Key, Record] = {}
        for path in sorted(self.folder.glob('images.*.jsonl')):
            with open(path, 'rb') as file:
                for line in file:
                    record = _parsed(line)
                    if record is not None:
                        records[key_of_record(record)] = record
        return records


def key_of_record(record: Record) -> Key:
    """Data set name, index, path."""
    return record['dataset'], record['index'], record['image']


def _parsed(line: bytes) -> Optional[Record]:
    try:
        record = json.loads(line)
    except ValueError:
        return None  # cut short by a kill
    return record if isinstance(record, dict) and {'dataset', 'index', 'image'} <= set(record) else None


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic, torch.Tensor)):
        return value.tolist()
    raise TypeError(f'{type(value).__name__} cannot be stored in a result table.')


def fingerprint(model: torch.nn.Module, *settings: Any) -> str:
    """Eight hexadecimal digits that change with any weight of the model or any of the settings.

    Args:
        model: its parameters and buffers count, name by name, bit by bit.
        settings: whatever else the results depend on; anything with a ``repr`` that is the same in every process.
    """
    digest = hashlib.sha256(repr(settings).encode())
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        if isinstance(value, torch.Tensor):
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:8]


def write_atomically(path: Union[str, Path], text: str) -> None:
    """Write a text file that is there as a whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    part.write_text(text)
    os.replace(part, path)


def rows_of(records: Dict[Key, Record], metric: str) -> List[tuple]:
    """One metric's results, as :class:`mmcabl.evaluation.PerImageMetric` keeps them."""
    return [(key, bool(record['unreadable']), record['metrics'].get(metric)) for key, record in records.items()]
