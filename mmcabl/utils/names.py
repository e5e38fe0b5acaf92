"""Any file name in a table, and a file name for any image.

On Linux a name is bytes: it need not be UTF-8, may hold line breaks and be 255 bytes long. Python hands such bytes
out as lone surrogates, which neither Parquet, CSV nor a strict JSON reader takes.
"""

import hashlib
import os
import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

#: What begins a name that is written as a URI.
SCHEME = 'file:'
#: Line breaks and other control characters, and what stands for bytes that are not UTF-8.
UNPRINTABLE = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
#: Bytes of the part of a file name that people read; with all that is put around it no file system's limit is met.
READABLE = 100


def to_text(path: str) -> str:
    """A path as a line of UTF-8: itself, or, where it is none, ``file:`` and its bytes, percent-encoded (RFC 3986).

    ``caf\\xe9.jpg`` (Latin-1) is ``file:caf%E9.jpg``. Paths with control characters and those that begin with
    ``file:`` themselves are written so too; so no two files share a text, and :func:`from_text` gives the path back.
    """
    if not UNPRINTABLE.search(path) and not path.startswith(SCHEME):
        return path
    return SCHEME + quote_from_bytes(_encoded(path))


def from_text(text: str) -> str:
    """The path that :func:`to_text` wrote, as Python's file functions take it."""
    return os.fsdecode(unquote_to_bytes(text[len(SCHEME):])) if text.startswith(SCHEME) else text


def file_name(path: str, *before: str) -> str:
    """A file name (without extension) for what is made of an image: ``<before>_..._<stem>-<12 hexadecimal digits>``.

    The digits are of the whole path: images of one name in two folders do not meet, nor those whose names had to be
    changed. What not every file system takes becomes ``_``, and a long stem is cut; at most 230 bytes in all. The
    image's record has both names. Empty parts of ``before``, such as the data set's name, are left out.
    """
    digits = hashlib.sha256(_encoded(path)).hexdigest()[:12]
    stem = os.path.splitext(os.path.basename(path))[0]
    return '_'.join([_safe(part) for part in before if part] + [f'{_cut(_safe(stem))}-{digits}'])


def folder_name(name: str) -> str:
    """A folder name for a data set's name: itself wherever it can be one; no two names share a folder."""
    safe = _cut(_safe(name))
    return safe if safe == name else f'{safe}-{hashlib.sha256(_encoded(name)).hexdigest()[:12]}'


def _safe(text: str) -> str:
    """Letters, digits and a few signs; no leading dot, no trailing space, which Windows drops."""
    kept = ''.join(c if c.isalnum() or c in '-_+=,.@() ' else '_' for c in text)
    return re.sub(r'^\.|[. ]$', '_', kept)


def _cut(text: str) -> str:
    return text.encode()[:READABLE].decode(errors='ignore')


def _encoded(path: str) -> bytes:
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte: no file has such a name, a list may
        return path.encode(errors='surrogatepass')
