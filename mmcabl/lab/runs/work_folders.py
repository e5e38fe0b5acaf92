"""Long work in stages: what was made for the same wish is used again, and nothing that is there is ever removed."""

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

from mmcabl.utils.files import write_whole

#: Says what a folder was made for; a folder without it is not ours.
STAMP = 'made_for.json'
FINISHED = 'finished.json'


def folder_for(folder: Path, wanted: Dict) -> Path:
    """The folder of the work that depends on ``wanted``, plain data, stamped with it.

    That is ``folder`` where it is free or was made for the same; where it was made for something else, it is kept,
    and the work goes into ``<folder>-<digest>`` beside it, which is found again by its name.

    Raises:
        SystemExit: one sentence: ``folder`` holds something that was not made here.
    """
    there = existing(folder, wanted)
    if there is not None:
        if there != folder:
            print(f'{there} is used, which was made for these settings; {folder} has others.', flush=True)
        return there
    _refuse_what_is_not_ours(folder)
    place = folder
    if made_for(folder) is not None:
        place = _beside(folder, wanted)
        _refuse_what_is_not_ours(place)
        names = list(differences(made_for(folder), _as_json(wanted)))
        listed = ', '.join(names if len(names) <= 4 else [*names[:4], f'{len(names) - 4} more'])
        print(f'{folder} was made for other settings ({listed}); it is kept, and {place} is used.', flush=True)
    place.mkdir(parents=True, exist_ok=True)
    _note(place / STAMP, _as_json(wanted))
    return place


def existing(folder: Path, wanted: Dict) -> Optional[Path]:
    """Where the work that ``wanted`` describes is, at ``folder`` or beside it; None: it was not begun."""
    places = (folder, _beside(folder, wanted))
    return next((place for place in places if made_for(place) == _as_json(wanted)), None)


def _beside(folder: Path, wanted: Dict) -> Path:
    return folder.with_name(f'{folder.name}-{digest(wanted)}')


def made_for(folder: Path) -> Optional[Dict]:
    """What a folder was made for; None: it is missing, or not ours, or its stamp is not whole."""
    return _read(folder / STAMP)


def finished(folder: Path) -> Optional[Dict]:
    """What :func:`finish` was given; None: the work in the folder is not done."""
    return _read(folder / FINISHED)


def finish(folder: Path, result: Optional[Dict] = None) -> None:
    """Note that the work in a folder is done, and its result."""
    _note(folder / FINISHED, result or {})


def digest(wanted: Dict) -> str:
    """Eight hexadecimal digits of plain data; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(_as_json(wanted), sort_keys=True).encode()).hexdigest()[:8]


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


def _refuse_what_is_not_ours(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise SystemExit(f'{folder} is a file, and a folder is to be made there; give another place.')
    if folder.is_dir() and made_for(folder) is None:
        found = min((p.name for p in folder.iterdir() if not p.name.startswith(STAMP)), default=None)
        if found is not None:
            raise SystemExit(f'{folder} is not empty and was not made by mmcabl (it holds {found}, and no {STAMP} '
                             'that is whole); nothing is written there: give another folder, or move this one away.')


def differences(old: Any, new: Any, path: str = '') -> Iterator[str]:
    """Where two pieces of plain data differ, as dotted names."""
    if type(old) is type(new) and isinstance(old, dict):
        keys = sorted({*old, *new})
    elif type(old) is type(new) and isinstance(old, list) and len(old) == len(new):
        old, new, keys = (dict(enumerate(old)), dict(enumerate(new)), range(len(old)))
    else:
        if old != new:
            yield path
        return
    for key in keys:
        yield from differences(old.get(key), new.get(key), f'{path}.{key}' if path else str(key))


def _as_json(data: Any) -> Any:
    return json.loads(json.dumps(data, default=str))


def _read(path: Path) -> Optional[Dict]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _note(path: Path, data: Dict) -> None:
    write_whole(path, json.dumps(data, indent=1, sort_keys=True))
