"""What records of images have in common, of tests and of scoring: how they begin, and what their fields may hold."""

import re
from typing import Any, Mapping

from mmcabl.records.journal import Record
from mmcabl.utils.names import to_text

#: What UTF-8, so Parquet, has no bytes for.
SURROGATES = re.compile('[\ud800-\udfff]')


def base_record(index: int, path: str, unreadable: bool = False, failed: bool = False) -> Record:
    """How every record begins: place and name of the image, and whether there is a result."""
    return dict(index=index, image=to_text(path), unreadable=unreadable, failed=failed)


def fits(value: Any, kind: str) -> bool:
    """Whether a value can stand in a column of a kind.

    Kinds are ``int32``, ``int64``, ``double``, ``bool``, ``string`` and ``text``. Numbers are finite;
    a ``string`` can be UTF-8, a ``text`` need not.
    """
    if kind.startswith('int'):
        return type(value) is int and abs(value) < 2 ** (int(kind[3:]) - 1)
    if kind == 'double':
        return type(value) in (int, float) and abs(value) < 1e300  # which NaN is not
    if kind in ('string', 'text'):
        return isinstance(value, str) and (kind == 'text' or not SURROGATES.search(value))
    return kind == 'bool' and isinstance(value, bool)


def has(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether a record has all these columns, and values that fit them."""
    return all(fits(record.get(name), kind) for name, kind in columns.items())
