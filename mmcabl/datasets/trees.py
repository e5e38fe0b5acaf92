"""The files below a data root, by name: of a local folder, or of a place that is known by a list of its files."""

import os
import posixpath
from itertools import takewhile
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set

from mmcabl.datasets.lists.fetched import fetched
from mmcabl.datasets.lists.text_lists import lines, refuse
from mmcabl.images import is_folder, is_image, is_local, is_photograph, list_images, shown
from mmcabl.images.backends import Backend, backend_of

#: The list of all files that is looked for below a root which cannot be listed.
LISTING = 'files.txt'


class LocalTree:
    """What data sets ask of a local disk; paths are whole ones."""

    def is_folder(self, path: str) -> bool:
        return os.path.isdir(path)

    def folders(self, path: str) -> List[str]:
        """Folders right in a folder, sorted."""
        return sorted(f.path for f in os.scandir(path) if is_folder(f)) if os.path.isdir(path) else []

    def images(self, path: str) -> List[str]:
        """Image files right in a folder, sorted; [] without such a folder."""
        return list_images(path)

    def images_below(self, path: str) -> List[str]:
        """Photographs, and masks, of any format in a folder and its subfolders, sorted."""
        return sorted(os.path.join(inner, name) for inner, _, files in os.walk(path) for name in files
                      if is_photograph(name))


LOCAL = LocalTree()


class NamedTree(LocalTree):
    """The same of files that are known by name.

    Args:
        root: what paths begin with; '' for keys as they are.
        names: of all files, relative to the root, with slashes.
    """

    def __init__(self, root: str, names: Iterable[str]) -> None:
        self.root, self.names = root, set(names)
        self._files: Dict[str, List[str]] = {}
        self._folders: Dict[str, Set[str]] = {'': set()}
        for name in self.names:
            folder = posixpath.dirname(name)
            self._files.setdefault(folder, []).append(name)
            while folder and folder not in self._folders.get(posixpath.dirname(folder), ()):
                self._folders.setdefault(folder, set())
                above = posixpath.dirname(folder)
                self._folders.setdefault(above, set()).add(folder)
                folder = above

    def is_folder(self, path: str) -> bool:
        return self._name(path) in self._folders

    def folders(self, path: str) -> List[str]:
        return [self._path(name) for name in sorted(self._folders.get(self._name(path), ()))]

    def images(self, path: str) -> List[str]:
        return sorted(self._path(name) for name in self._files.get(self._name(path), ()) if is_image(name))

    def images_below(self, path: str) -> List[str]:
        start = self._name(path)
        start = f'{start}/' if start else ''
        return sorted(self._path(name) for name in self.names if name.startswith(start) and is_photograph(name))

    def all_there(self, names: Sequence[str]) -> bool:
        """Whether all names, relative to the root, are files; as :class:`FolderListing` has it."""
        return self.names.issuperset(names)

    def why_not(self, name: str) -> str:
        """Why a file is refused, as the end of a sentence about it; '' if it is there."""
        return '' if name in self.names else 'is not there'

    def _path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def _name(self, path: str) -> str:
        return path[len(self.root):].replace(os.sep, '/').strip('/')


def tree_of(root: str, backend_args: Backend = None, listing: str = '') -> LocalTree:
    """The files below a root.

    Args:
        listing: a list of all files below it, one a line, relative to it; an LMDB and a store such as S3 are listed
            by themselves, of any other place ``<root>/files.txt`` is read by default.

    Raises:
        ValueError: the place cannot be listed, and there is no list; a list names what is not below the root.
    """
    if listing:
        return NamedTree(root, _listed(listing, backend_args))
    if is_local(root, backend_args):
        return LOCAL
    names = stored_names(root, backend_args)
    if names is not None:
        return NamedTree(root, names)
    listing = f'{root.rstrip("/")}/{LISTING}' if root else LISTING
    try:
        return NamedTree(root, _listed(listing, backend_args))
    except ValueError as error:
        raise ValueError(f'{shown(root)} cannot be listed, and its list of files cannot be had ({error}); write one '
                         f'in the data root (find . -type f > {LISTING}), name another (listing=...), or use '
                         'mmcabl.ForgeryList.') from None


def stored_names(root: str, backend_args: Backend = None) -> Optional[List[str]]:
    """Names of all files below a root, relative to it, of a store that can be listed; None for one that cannot."""
    backend = backend_of(root, backend_args)
    start = f'{root.rstrip("/")}/' if root else ''
    if type(backend).__name__ == 'LmdbBackend':
        return _keys(backend, start)
    if not hasattr(backend, 'list_dir_or_file'):
        return None
    try:
        return sorted(str(name).replace(os.sep, '/') for name in
                      backend.list_dir_or_file(root, list_dir=False, list_file=True, recursive=True))
    except NotImplementedError:  # old clients
        return None


def _keys(backend: Any, start: str) -> List[str]:
    """Of an LMDB, which is closed again unless it was open."""
    import lmdb
    there = backend._client
    try:
        opened = there or lmdb.open(backend.db_path, readonly=True, lock=False, **backend.kwargs)
        try:
            with opened.begin() as at:
                cursor, first = at.cursor(), start.encode()
                more = cursor.set_range(first) if first else cursor.first()
                keys = takewhile(lambda key: key.startswith(first), cursor.iternext(values=False)) if more else ()
                return [os.fsdecode(key[len(first):]) for key in keys]
        finally:
            if there is None:
                opened.close()
    except lmdb.Error as error:
        raise ValueError(f'The LMDB {shown(backend.db_path)} cannot be read: {error}.') from None


def _listed(listing: str, backend_args: Backend) -> Iterable[str]:
    """The names in a list of files."""
    found, file = [], fetched(listing, backend_args)
    for number, line in lines(file):
        name = posixpath.normpath(line)
        if name.startswith(('/', '..')) or '\0' in name or not is_local(name):
            refuse(listing, number, f'{line} is not a path below the data root.')
        found.append(name)
    return found
