"""Results of one chunk: a journal while it is worked on, one Parquet file when it is done."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional

import cv2
import numpy as np

COLUMNS = {'index': 'int64', 'image': 'string', 'unreadable': 'bool', 'score': 'double', 'height': 'int32',
           'width': 'int32', 'area': 'double', 'box_x0': 'int32', 'box_y0': 'int32', 'box_x1': 'int32',
           'box_y1': 'int32', 'positive_x': 'int32', 'positive_y': 'int32', 'negative_x': 'int32',
           'negative_y': 'int32', 'mask': 'string'}


def require_pyarrow():
    """pyarrow, or one sentence on how to get it."""
    try:
        import pyarrow
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ImportError(f"Scoring writes Parquet files and needs pyarrow, which cannot be imported ({error}): pip "
                          "install 'mmcabl[scoring]'.") from error
    return pyarrow


class ChunkResults:
    """``<out>/scores/part-<n>.parquet``, and ``<out>/masks/<n>/<index>.png`` where masks are saved.

    A record is on disk when :meth:`add` returns; a mask is there as a whole before the record that names it.
    Killed at any point, the journal has every finished image, and at most a cut last line, which is passed over.

    Args:
        out: folder of all results.
        number: of the chunk.
        save_masks: write masks, 255 is manipulated.
    """

    def __init__(self, out: Path, number: int, save_masks: bool = True) -> None:
        self.out, self.number, self.save_masks = out, number, save_masks
        self.table = out / 'scores' / f'part-{number:06d}.parquet'
        self.journal = out / 'journal' / f'{number:06d}.jsonl'
        self._file = None

    @property
    def finished(self) -> bool:
        """Whether the chunk is done."""
        return self.table.is_file()

    def open(self) -> Dict[int, Dict[str, Any]]:
        """Claim the chunk and return what an earlier process finished of it, by index.

        Raises:
            RuntimeError: another process is at work on it.
        """
        self.journal.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self.journal, 'ab+', buffering=0)  # noqa: SIM115, open as long as the chunk
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RuntimeError(f'Another process is at work on chunk {self.number} of {self.out}; two runs on one '
                               'output folder must not overlap.') from None
        self._file.seek(0)
        lines = self._file.read().split(b'\n')
        if lines[-1]:
            self._file.write(b'\n')  # ends a line cut short
        return {record['index']: record for record in map(_parsed, lines) if record is not None}

    def add(self, record: Dict[str, Any], mask: np.ndarray) -> None:
        """Write one image's mask and record."""
        if self.save_masks and not record['unreadable']:
            target = self.out / 'masks' / f'{self.number:06d}' / f'{record["index"]:09d}.png'
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_suffix('.part.png')
            if not cv2.imwrite(str(part), mask.astype(np.uint8) * 255):
                raise OSError(f'The mask {target} cannot be written.')
            os.replace(part, target)
            record = dict(record, mask=str(target.relative_to(self.out)))
        self._file.write(json.dumps(record).encode() + b'\n')

    def finish(self, records: Dict[int, Dict[str, Any]]) -> None:
        """Write the chunk's table and remove its journal. ``records``: of every image of the chunk."""
        arrow = require_pyarrow()
        rows = [records[index] for index in sorted(records)]
        schema = arrow.schema(list(COLUMNS.items()))
        table = arrow.Table.from_pylist([{key: row.get(key) for key in COLUMNS} for row in rows], schema=schema)
        self.table.parent.mkdir(parents=True, exist_ok=True)
        part = self.table.with_suffix('.part')
        arrow.parquet.write_table(table, part)
        os.replace(part, self.table)
        self.journal.unlink()
        self.close()

    def records(self) -> Dict[int, Dict[str, Any]]:
        """Every whole record of the journal, by index."""
        found = map(_parsed, self.journal.read_bytes().split(b'\n'))
        return {record['index']: record for record in found if record is not None}

    def close(self) -> None:
        """Give the chunk up."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _parsed(line: bytes) -> Optional[Dict[str, Any]]:
    try:
        return json.loads(line) if line else None
    except ValueError:
        return None  # cut short by a kill


def unreadable_images(out: Path) -> List[str]:
    """Paths of the images that could not be read, from the finished chunks."""
    arrow = require_pyarrow()
    found = []
    for path in sorted((out / 'scores').glob('part-*.parquet')):
        part = arrow.parquet.read_table(path, columns=['image', 'unreadable'])
        found += part.filter(part['unreadable'])['image'].to_pylist()
    return found
