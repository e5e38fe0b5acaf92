"""Results of one chunk: a journal while it is worked on, one Parquet file when it is done."""

from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
from filelock import FileLock, Timeout

from mmcabl.records.fields import fits, has
from mmcabl.records.journal import Journal, Record
from mmcabl.utils.files import remove_parts, write_mask, write_whole, writing
from mmcabl.utils.names import to_text
from mmcabl.utils.soft_maps import write_map

COLUMNS = {'index': 'int64', 'image': 'string', 'unreadable': 'bool', 'failed': 'bool', 'reason': 'string',
           'score': 'double', 'height': 'int32', 'width': 'int32', 'orientation': 'int32', 'area': 'double',
           'box_x0': 'int32', 'box_y0': 'int32', 'box_x1': 'int32', 'box_y1': 'int32', 'positive_x': 'int32',
           'positive_y': 'int32', 'negative_x': 'int32', 'negative_y': 'int32', 'mask': 'string', 'map': 'string',
           'note': 'string'}
#: Every record has these.
NEEDED = ('index', 'image', 'unreadable', 'failed')
Job = Tuple[int, str]


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

    A mask is there as a whole before the record that names it; what a kill leaves of records, :class:`Journal` says.
    The column ``image`` has paths as ``mmcabl.records.to_text`` writes them; ``height`` and ``width`` are those of
    the stored pixels, which ``orientation`` (EXIF's, 1 to 8) turns upright. Masks are on the same grid, 255 is
    manipulated; so are the soft maps of ``maps`` bits in ``<out>/maps/<n>``: :mod:`mmcabl.utils.soft_maps`. ``note``
    says what must stand beside a score, such as what was found beside the network.
    """

    def __init__(self, out: Path, number: int, save_masks: bool = True, maps: int = 0) -> None:
        self.out, self.number, self.save_masks, self.maps = out, number, save_masks, maps
        self.table = out / 'scores' / f'part-{number:06d}.parquet'
        self.journal = Journal(out / 'journal' / f'{number:06d}.jsonl', is_scoring_record)
        self._lock = FileLock(out / 'journal' / f'{number:06d}.lock', timeout=0)

    @property
    def finished(self) -> bool:
        return self.table.is_file()

    def open(self) -> None:
        """Claim the chunk.

        Raises:
            RuntimeError: another process is at work on it.
        """
        with writing(self._lock.lock_file):
            self.journal.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise RuntimeError(f'Another process is at work on chunk {self.number} of {self.out}; two runs on '
                                   'one output folder must not overlap.') from None

    def done(self, jobs: Sequence[Job], failed_too: bool = True) -> Dict[int, Record]:
        """The whole records of the chunk's images, by index, whose masks and maps are there where they are wanted."""
        names = {index: to_text(path) for index, path in jobs}
        found: Dict[int, Record] = {}
        for record in self.journal.read():
            if names.get(record['index']) == record['image']:
                found[record['index']] = record
        return {index: record for index, record in found.items()
                if self._is_whole(record) and (failed_too or not record['failed'])}

    def add(self, record: Record, mask: Optional[np.ndarray], cam: Optional[np.ndarray] = None) -> None:
        """Write one image's mask and map, then its record."""
        for kind in self._wanted(record):
            target = self._file(kind, record)
            if kind == 'mask':
                write_mask(target, mask)
            else:
                write_map(target, np.clip(cam, 0, 1), self.maps)
            record = dict(record, **{kind: target.relative_to(self.out).as_posix()})
        self.journal.append(record)

    def finish(self, records: Dict[int, Record]) -> None:
        """Write the chunk's table and remove its journal. ``records``: of every image of the chunk."""
        arrow = require_pyarrow()
        columns = {key: kind for key, kind in COLUMNS.items() if key != 'map' or self.maps}
        rows = [{key: records[index].get(key) for key in columns} for index in sorted(records)]
        data = arrow.BufferOutputStream()
        arrow.parquet.write_table(arrow.Table.from_pylist(rows, schema=arrow.schema(list(columns.items()))), data)
        write_whole(self.table, data.getvalue().to_pybytes(), sync=True)
        for kind in ('mask', 'map'):
            remove_parts(self._folder(kind))
        self.drop_journal()

    def drop_journal(self) -> None:
        """Remove the journal of a finished chunk, which a kill may have left."""
        self.close()
        with writing(self.journal.path):
            self.journal.path.unlink(missing_ok=True)
            Path(self._lock.lock_file).unlink(missing_ok=True)

    def close(self) -> None:
        self.journal.close()
        self._lock.release(force=True)

    def _wanted(self, record: Record) -> List[str]:
        if record['unreadable'] or record['failed']:
            return []
        return [kind for kind, wanted in (('mask', self.save_masks), ('map', self.maps)) if wanted]

    def _folder(self, kind: str) -> Path:
        return self.out / f'{kind}s' / f'{self.number:06d}'

    def _file(self, kind: str, record: Record) -> Path:
        return self._folder(kind) / f'{record["index"]:09d}.png'

    def _is_whole(self, record: Record) -> bool:
        files = [self._file(kind, record) for kind in self._wanted(record)]
        return all(file.is_file() and file.stat().st_size > 0 for file in files)


def is_scoring_record(record: Record) -> bool:
    """Whether a dict out of a journal fits the table: types, ranges, finite numbers."""
    return has(record, {key: COLUMNS[key] for key in NEEDED}) and all(
        value is None or fits(value, COLUMNS.get(key, '')) for key, value in record.items())


def left_out_images(out: Path) -> Dict[str, List[Tuple[str, str]]]:
    """(path, reason) of the images without a score in the finished chunks: ``unreadable`` and ``failed``."""
    arrow = require_pyarrow()
    found: Dict[str, List[Tuple[str, str]]] = dict(unreadable=[], failed=[])
    for path in sorted((out / 'scores').glob('part-*.parquet')):
        part = arrow.parquet.ParquetFile(path).read(columns=['image', 'reason', *found], use_threads=False)
        for kind, images in found.items():
            images += [(row['image'], row['reason'] or '') for row in part.filter(part[kind]).to_pylist()]
    return found
