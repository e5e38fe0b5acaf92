"""Which checkpoint a training ended with."""

import hashlib
from pathlib import Path
from typing import Dict


def trained_weights(folder: Path) -> Dict[str, str]:
    """Name and SHA-256 of the last checkpoint that mmengine wrote into a work folder.

    Raises:
        FileNotFoundError: there is none; the sentence names the folder.
    """
    pointer = folder / 'last_checkpoint'
    # the path in it may be relative to another folder, or of before a move
    name = Path(pointer.read_text().strip()).name if pointer.is_file() else ''
    if not name or not (folder / name).is_file():
        raise FileNotFoundError(f'{folder} has no checkpoint that its file last_checkpoint names: the training did '
                                'not end as it should; its log is there, too.')
    return dict(checkpoint=name, sha256=sha256_of(folder / name))


def sha256_of(path: Path) -> str:
    """Of a file's contents, hexadecimal."""
    found = hashlib.sha256()
    with open(path, 'rb') as file:
        for part in iter(lambda: file.read(1 << 20), b''):
            found.update(part)
    return found.hexdigest()
