"""Files anywhere: on a local disk, over HTTP, on an object store or in an LMDB, through mmengine's file backends.

What holds for a local file holds for any: never more bytes than agreed, and one sentence that names what is missing.
mmengine is imported where a file is not local.
"""

import os
import re
import threading
import time
from http.client import HTTPException, InvalidURL
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Tuple, Union
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import urlopen

from mmcabl.images.regular_files import read_regular, shown

#: How an address begins that mmengine's backends take; Petrel's may have a cluster's name before it.
ADDRESS = re.compile(r'(?:[\w.-]+:)?(?:https?|s3|petrel)://', re.IGNORECASE)
#: Backend -> what has to be installed for it.
PACKAGES = dict(lmdb="lmdb (pip install 'mmcabl[lmdb]')", petrel='petrel_client', memcached='mc')
#: Answers of an HTTP server that another try may change.
PASSING = (408, 425, 429, 500, 502, 503, 504)
#: Seconds to wait for an answer, and between one try and the next; one more try than pauses.
TIMEOUT, PAUSES = 60., (0.5, 3.)
Backend = Optional[Mapping[str, Any]]
_lock = threading.Lock()


class Unreachable(OSError):
    """A store does not answer: no file is to blame, and the run ends. What was finished is kept."""


def is_local(path: Union[str, Path], backend_args: Backend = None) -> bool:
    """Whether a path is that of a local file: it is no address, and no backend but ``local`` is asked for."""
    name = (backend_args or {}).get('backend')
    return name == 'local' or name is None and not ADDRESS.match(os.fsdecode(path))


def join(root: str, name: str, backend_args: Backend = None) -> str:
    """The path of a file below a root; names become parts of addresses, percent-encoded, where the root is one."""
    if is_local(root, backend_args):
        return os.path.join(root, name)
    name = quote(os.fsencode(name)) if root.lower().startswith('http') else name.replace(os.sep, '/')
    return f'{root.rstrip("/")}/{name}' if root else name


def read_file(path: Union[str, Path], most: int, backend_args: Backend = None) -> bytes:
    """All bytes of a file, up to ``most``.

    Args:
        path: of a local file, ``http://...``, ``s3://...``, or a key, as the backend has it.
        backend_args: of mmengine's ``get_file_backend``: ``dict(backend='lmdb', db_path=...)``; told from the path by
            default.

    Raises:
        ValueError: one sentence that names the file: missing, empty, too large, refused by its store; what
            :func:`read_regular` says of local ones.
        Unreachable: its store does not answer, several times.
        ImportError: the backend's package is not installed.
    """
    if is_local(path, backend_args):
        return read_regular(path, most)
    backend = backend_of(path, backend_args)
    kind = type(backend).__name__
    data = _tried(path, lambda: _over_http(path, most) if kind == 'HTTPBackend' else _stored(backend, path))
    if data is None:
        place = f'the LMDB {shown(backend.db_path)}' if kind == 'LmdbBackend' else f'the store of mmengine\'s {kind}'
        raise ValueError(f'{shown(path)} is not in {place}.')
    if len(data) > most:
        raise ValueError(_too_large(path, most))
    if not data:
        raise ValueError(f'{shown(path)} is empty (0 bytes).')
    return bytes(data)


def backend_of(path: Union[str, Path], backend_args: Backend = None) -> Any:
    """mmengine's backend for a path, one in each process for the same arguments: an LMDB cannot be opened twice.

    Raises:
        ValueError: there is no such backend, or it takes other arguments.
        ImportError: its package is not installed.
    """
    from mmengine.fileio import get_file_backend
    from mmengine.fileio.backends import backends
    found, given = ADDRESS.match(os.fsdecode(path)), dict(backend_args or {})
    prefix = re.sub(r'^.*?(\w+)$', r'\1', found[0][:-3]).lower() if found else ''
    name = given.get('backend', 'petrel' if prefix in ('s3', 'petrel') else 'http')
    if name not in backends:
        raise ValueError(f'Unknown file backend {name!r}; accepted are {", ".join(sorted(backends))} (backend_args).')
    try:
        with _lock:
            return get_file_backend(f'{prefix}://' if found else None, backend_args=given, enable_singleton=True)
    except ImportError as error:
        raise ImportError(f'The file backend {name!r} needs {PACKAGES.get(name, "a package")}, which cannot be '
                          f'imported ({error}).') from None
    except TypeError as error:
        raise ValueError(f'The file backend {name!r} does not take backend_args={given}: {error}.') from None


def _too_large(path: Union[str, Path], most: int) -> str:
    return f'{shown(path)} is larger than {most / 1e6:.0f} MB, more than an image of the agreed size can need.'


def _over_http(path: Union[str, Path], most: int) -> bytes:
    """mmengine's own reader takes any length and waits for ever."""
    address = quote(os.fsencode(path), safe="%/:=&?~#+!$,;'@()*[]")
    with urlopen(address, timeout=TIMEOUT) as answer:
        said = answer.headers.get('Content-Length', '')
        if said.isdigit() and int(said) > most:
            raise ValueError(_too_large(path, most))
        data = answer.read(most + 1)
    if said.isdigit() and len(data) < int(said):
        raise ConnectionError(f'{len(data)} of {said} bytes came')
    return data


def _stored(backend: Any, path: Union[str, Path]) -> Optional[bytes]:
    try:
        if getattr(backend, '_client', True) is None:
            with _lock:  # opened at its first use, and never twice in one process
                return backend.get(path)
        return backend.get(path)
    except UnicodeEncodeError:
        raise ValueError(f'{shown(path)} is no key for mmengine\'s {type(backend).__name__}, which takes ASCII '
                         'alone.') from None
    except Exception as error:
        if type(error).__name__ in ('BadValsizeError', 'FileNotFoundError', 'NoSuchKeyError'):
            return None
        raise Unreachable(f'{shown(path)} cannot be read by mmengine\'s {type(backend).__name__} '
                          f'({type(error).__name__}: {" ".join(str(error).split())[:200]}).') from None


def _tried(path: Union[str, Path], read: Callable[[], Optional[bytes]]) -> Optional[bytes]:
    waits: Tuple[Optional[float], ...] = (*PAUSES, None)
    for wait in waits:
        try:
            return read()
        except HTTPError as error:
            if error.code not in PASSING:
                raise ValueError(f'{shown(path)} cannot be read: HTTP {error.code} {error.reason}.') from None
            why = f'HTTP {error.code} {error.reason}'
        except (InvalidURL, UnicodeError) as error:
            raise ValueError(f'{shown(path)} is no address: {error}.') from None
        except Unreachable:
            raise
        except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
            why = str(getattr(error, 'reason', '') or error or type(error).__name__)
        if wait is not None:
            time.sleep(wait)
    raise Unreachable(f'{shown(path)} cannot be read: {why}, {len(waits)} times; when its server answers again, run '
                      'the same command again.')
