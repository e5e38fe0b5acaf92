"""Whether files are there and may be read, with one look into each folder in place of one for each file."""

import os
from typing import Dict, List, Sequence

import numpy as np


class FolderListing:
    """Files below a root, an absolute path that may be a link itself; ``follow_links``: links may lead out of it.

    Of regular files only the paths' hashes are kept, 8 bytes each: lists have millions.
    """

    def __init__(self, root: str, follow_links: bool = False) -> None:
        self.root, self.follow_links = root, follow_links
        self._real = os.path.realpath(root)
        self._files: List[np.ndarray] = []  # sorted hashes, each array less than half as long as the one before
        self._others: Dict[str, str] = {}  # links, folders, pipes: why not
        self._folders: Dict[str, str] = {}  # those looked into, and why not what is in none of the above

    def all_there(self, paths: Sequence[str]) -> bool:
        """Whether every path, relative to the root, is a regular file; False for links too, see :meth:`why_not`."""
        for folder in {path.rpartition('/')[0] for path in paths} - self._folders.keys():
            self._look(folder)
        left = np.fromiter(map(hash, paths), np.int64, len(paths))
        for files in self._files:
            left = left[files[np.minimum(np.searchsorted(files, left), len(files) - 1)] != left]
            if not len(left):
                return True
        return not len(left)

    def why_not(self, path: str) -> str:
        """Why a file is refused, as the end of a sentence about it; '' if it is there, and regular."""
        if self.all_there([path]):
            return ''
        return self._others.get(path, self._folders[path.rpartition('/')[0]])

    def _look(self, folder: str) -> None:
        self._folders[folder], files = 'is not there', []
        start = f'{folder}/' if folder else ''
        path = os.path.join(self.root, folder)
        if not self._inside(path):
            self._folders[folder] = self._leads_out
            return
        try:
            with os.scandir(path or '.') as found:
                for entry in found:
                    if entry.is_file(follow_symlinks=False):
                        files.append(hash(start + entry.name))
                    else:
                        self._others[start + entry.name] = self._other(entry)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._folders[folder] = f'cannot be looked for: {error.strerror}'
        if files:
            self._files.append(np.sort(np.array(files, np.int64)))
        while len(self._files) > 1 and len(self._files[-2]) < 2 * len(self._files[-1]):
            self._files[-2:] = [np.sort(np.concatenate(self._files[-2:]), kind='stable')]

    def _other(self, entry: os.DirEntry) -> str:
        if entry.is_symlink() and not self._inside(entry.path):
            return self._leads_out
        if not os.path.exists(entry.path):
            return 'is a link to what is not there'
        return '' if entry.is_file() else 'is a folder' if entry.is_dir() else 'is not a regular file'

    def _inside(self, path: str) -> bool:
        real = os.path.realpath(path)
        return self.follow_links or real == self._real or real.startswith(self._real.rstrip(os.sep) + os.sep)

    @property
    def _leads_out(self) -> str:
        return f'leads out of the data root {self.root} by a link (follow_links=True allows that)'
