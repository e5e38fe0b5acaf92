"""Files and folders that a user names for results: what is there already is not written over."""

from pathlib import Path
from typing import Sequence, Union


def new_file(path: Union[str, Path], overwrite: bool = False) -> Path:
    """The path of a file to write.

    Raises:
        FileExistsError: something is there and ``overwrite`` is False, or it is a folder.
    """
    path = Path(path)
    if path.is_dir() or (path.exists() and not overwrite):
        raise FileExistsError(f'{path} exists and is not overwritten; give another name'
                              f'{"" if path.is_dir() else " or --overwrite"}.')
    return path


def own_folder(path: Union[str, Path], ours: Sequence[str]) -> Path:
    """The path of a folder for results: free, or one that holds our results already.

    In a folder of ours there is from its first moment on a name with one of the beginnings ``ours``.

    Raises:
        FileExistsError: the folder holds other things.
    """
    path = Path(path)
    names = sorted(p.name for p in path.iterdir()) if path.is_dir() else []
    if names and not any(name.startswith(tuple(ours)) for name in names):
        raise FileExistsError(f'{path} is not empty and holds no results of an earlier run (but {names[0]}); give a '
                              'new or empty folder.')
    return path
