import json
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional

from mmcabl.utils import files

Record = Dict[str, Any]


class Journal:
    """A file with one record a line: a kill or a full disk costs the last one, never one before.

    A record is on disk, as far as the operating system is concerned, when :meth:`append` returns: killing the process
    loses none. What a kill or a full disk cut short is never glued to what follows, is passed over in reading, and
    counted; so is whatever is not ``valid``.
    """

    def __init__(self, path: Path, valid: Callable[[Record], bool]) -> None:
        self.path, self.valid = path, valid
        #: Lines that the last :meth:`read` passed over.
        self.damaged = 0
        self._file: Optional[Any] = None
        self._cut = False

    def append(self, record: Record) -> None:
        """Add a record, or raise ``NotWritten`` with the earlier ones as they were."""
        line = json.dumps(record, default=_jsonable).encode() + b'\n'
        with files.writing(self.path):
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._cut = self._is_cut()
                self._file = files.RawFile(self.path, 'ab')
            begin = b'\n' if self._cut else b''
            self._cut = True  # until the line is whole
            files.write_all(self._file, begin + line)
            self._cut = False

    def read(self) -> Iterator[Record]:
        """Every whole record, in the order of writing."""
        self.damaged = 0
        if not self.path.is_file():
            return
        with open(self.path, 'rb') as file:
            for line in file:
                record = self._parsed(line)
                if record is not None:
                    yield record
                elif line != b'\n':
                    self.damaged += 1

    def close(self) -> None:
        """Close the file; appending opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_cut(self) -> bool:
        if not self.path.is_file() or not self.path.stat().st_size:
            return False
        with open(self.path, 'rb') as file:
            file.seek(-1, 2)
            return file.read() != b'\n'

    def _parsed(self, line: bytes) -> Optional[Record]:
        if not line.endswith(b'\n'):
            return None  # its last byte is the newline: without it something may be missing, a digit for one
        try:
            record = json.loads(line.decode())
        except (ValueError, RecursionError):
            return None
        return record if isinstance(record, dict) and self.valid(record) else None


def _jsonable(value: Any) -> Any:
    if hasattr(value, 'tolist'):  # of NumPy or torch
        return value.tolist()
    raise TypeError(f'{type(value).__name__} cannot be stored in a result table.')
