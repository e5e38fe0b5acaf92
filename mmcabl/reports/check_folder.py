"""The folder of a check: photographs are kept one by one, so an interrupted check goes on, and none is lost."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping

import numpy as np
from filelock import FileLock, Timeout

from mmcabl.lab.runs.work_folders import STAMP, differences, made_for
from mmcabl.reports.about import HEADINGS, MAP_FLAGGED, MAP_OTHER, About
from mmcabl.reports.entries import FAILED, MEANING, UNREADABLE, Entry, entry_of, is_entry, made_name
from mmcabl.reports.page import write_pages
from mmcabl.reports.pictures import overlay_file, page_layers
from mmcabl.reports.tables import csv_of, json_bytes
from mmcabl.utils.files import write_whole, writing
from mmcabl.utils.journal import Journal
from mmcabl.utils.names import to_text
from mmcabl.utils.soft_maps import png, write_map

if TYPE_CHECKING:
    from mmcabl.structures import ForensicSample

WHAT = 'check of photographs'


def is_check(folder: str) -> bool:
    """Whether a folder is a check's own: its pictures are no photographs."""
    return (made_for(Path(folder)) or {}).get('what') == WHAT


class CheckFolder:
    """``report.html``, ``report.csv``, ``report.json``, ``overlays``, ``masks``, ``maps`` of a check.

    ``pictures`` has what the page shows, ``photographs.jsonl`` an entry for each photograph, from which the rest is
    written again. Masks and maps are on the grid of the stored pixels and note EXIF's orientation as their photograph
    does, so that viewers turn both alike.

    Args:
        folder: new, empty, or of an earlier check with the same settings, which is gone on with.
        wanted: settings that results depend on, plain data.
        bits: of the stored maps; 0: none are.

    Raises:
        ValueError: the folder holds other things, or a check with other settings; nothing is written then.
    """

    def __init__(self, folder: Path, wanted: Mapping[str, Any], bits: int = 0) -> None:
        self.folder, self.bits = folder, bits
        wanted = json.loads(json.dumps(dict(wanted, what=WHAT, maps=bits)))
        found = made_for(folder)
        if found is not None and found != wanted:
            names = ', '.join(differences(found, wanted)) if found.get('what') == WHAT else 'it is no check'
            raise ValueError(f'{to_text(str(folder))} was made with other settings ({names}); give another --out, or '
                             'the same settings to go on with it.')
        if found is None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ValueError(f'{to_text(str(folder))} is not empty and was not made by mmcabl check; nothing is '
                             'written there: give another --out.')
        self.wanted = wanted
        self.journal = Journal(folder / 'photographs.jsonl', is_entry)
        self._lock = FileLock(folder / '.lock', timeout=0)
        self.entries: Dict[str, Entry] = {entry['file']: entry for entry in self.journal.read()}

    def __enter__(self) -> 'CheckFolder':
        """Claim the folder.

        Raises:
            ValueError: another check is at work in it.
            NotWritten: it cannot be made.
        """
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise ValueError(f'Another check is at work in {to_text(str(self.folder))}.') from None
        if made_for(self.folder) is None:
            write_whole(self.folder / STAMP, json.dumps(self.wanted, indent=1, sort_keys=True))
        return self

    def __exit__(self, *_: Any) -> None:
        self.journal.close()
        self._lock.release(force=True)

    def has(self, path: str) -> bool:
        """Whether there is a result of the very file, with all that was made of it; a failed one is tried again."""
        entry = self.entries.get(to_text(path))
        if entry is None or entry['verdict'] in (UNREADABLE, FAILED) or entry.get('state') != state_of(path):
            return False
        return all((self.folder / made).is_file() for made in self._made(entry))

    def add(self, path: str, sample: 'ForensicSample', about: About, sha256: str = '') -> Entry:
        """Write what is made of a photograph, then its entry."""
        entry = dict(entry_of(sample, path, sha256), state=state_of(path))
        if sample.usable:
            name = made_name(path)
            for layer, data in page_layers(sample).items():
                entry[f'page_{layer}'] = self._write(f'pictures/{name}.{layer}.jpg', data)
            entry['overlay'] = self._write(f'overlays/{name}.jpg', overlay_file(
                sample, HEADINGS, caption(entry, about)))
            if sample.mask is not None:
                entry['mask'] = self._write(f'masks/{name}.png', png(
                    np.asarray(sample.mask).astype(np.uint8) * 255, sample.orientation))
            if self.bits:
                entry['map'] = f'maps/{name}.png'
                write_map(self.folder / entry['map'], np.clip(sample.required('cam'), 0, 1), self.bits,
                          sample.orientation)
        self.journal.append(entry)
        self.entries[entry['file']] = entry
        return entry

    def finish(self, paths: List[str], about: About) -> List[Entry]:
        """Write page and tables of every photograph in the folder: these first, in their order, then earlier ones."""
        first = list(dict.fromkeys(to_text(path) for path in paths))
        order = [*first, *(name for name in self.entries if name not in set(first))]
        found = [self.entries[name] for name in order if name in self.entries]
        public = [{key: value for key, value in entry.items() if key != 'state' and not key.startswith('page_')}
                  for entry in found]
        write_whole(self.folder / 'report.csv', csv_of(public, about))
        write_whole(self.folder / 'report.json', json_bytes(public, about))
        write_pages(self.folder, found, about)
        return public

    def _made(self, entry: Entry) -> List[str]:
        keys = ('overlay', 'mask', 'map', *(f'page_{layer}' for layer in HEADINGS))
        return [entry[key] for key in keys if entry.get(key)]

    def _write(self, name: str, data: bytes) -> str:
        write_whole(self.folder / name, data)
        return name


def state_of(path: str) -> List[int]:
    """Size and time of a file, by which another one under its name is found out; [] of one that is not there."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return []
    return [found.st_size, found.st_mtime_ns]


def caption(entry: Entry, about: About) -> List[str]:
    """Lines under an overlay."""
    return [f'{entry["name"]}   score {entry["score"]:.3f}, threshold {about.threshold:g}: {entry["verdict"]}',
            MEANING[entry['verdict']], MAP_FLAGGED if entry['verdict'] == 'flagged' else MAP_OTHER, about.lines()]
