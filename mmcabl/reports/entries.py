"""What a report keeps of one photograph."""

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any, Dict, List, Sequence

from mmcabl.images import read_regular, shown
from mmcabl.images.decoding import pixel_limit
from mmcabl.utils.failures import one_line
from mmcabl.utils.names import file_name, to_text

if TYPE_CHECKING:
    from mmcabl.structures import ForensicSample

#: One photograph, as in ``report.json``; see :func:`entry_of`.
Entry = Dict[str, Any]
FLAGGED, NOT_FLAGGED, UNREADABLE, FAILED = 'flagged', 'not flagged', 'unreadable', 'failed'
#: Keys whose values are files in the report's folder, and where those can be.
FILES = ('mask', 'map', 'overlay')
_MADE = re.compile(r'(masks|maps|overlays|pictures)/[^/\\]+')
#: Prompts, each with how many numbers it has.
PROMPTS = {'box': 4, 'positive': 2, 'negative': 2}
#: What a verdict means, in words for people who have not read a paper.
MEANING = {
    FLAGGED: 'The model takes it for manipulated. That is no proof.',
    NOT_FLAGGED: 'Its score is below the threshold. That does not show that the photograph is authentic.',
    UNREADABLE: 'The file could not be read, so nothing is known of it.',
    FAILED: 'The model failed on it, so nothing is known of it.',
}


def entry_of(sample: 'ForensicSample', path: str = '', sha256: str = '') -> Entry:
    """One photograph's entry, plain data.

    ``verdict`` is one of :data:`MEANING`; ``file`` its path as :func:`mmcabl.utils.names.to_text` writes it, ``name``
    what people are shown. With a result: ``score``; ``width`` and ``height`` of the stored pixels, on whose grid
    ``prompts`` are, and ``orientation`` (EXIF's); ``area``, the part of the pixels in the mask; ``map_range``, the
    model's own values of the map's black and white.
    """
    path = path or sample.source
    entry: Entry = dict(file=to_text(path), name=shown(os.path.basename(path)) or 'picture', sha256=sha256)
    if not sample.usable:
        why = sample.failed or sample.reason
        return dict(entry, verdict=FAILED if sample.failed else UNREADABLE, reason=without_folder(why, path))
    cam, raw = sample.required('cam'), sample.raw_map
    raw = cam if raw is None else raw
    prompts = sample.prompts or {}
    return dict(
        entry, verdict=FLAGGED if sample.flagged else NOT_FLAGGED, score=float(sample.required('score')),
        height=int(cam.shape[0]), width=int(cam.shape[1]), orientation=sample.orientation,
        area=float(sample.mask.mean()) if sample.mask is not None else None,
        prompts={name: [int(v) for v in value] for name, value in prompts.items() if value is not None},
        map_range=[float(raw.min()), float(raw.max())], note=one_line(sample.note))


def without_folder(reason: str, path: str) -> str:
    """A sentence about a file with its name alone: a report goes to others, to whom folders say too much."""
    return one_line(reason.replace(shown(path), shown(os.path.basename(path))))


def sha256_of_photograph(path: str) -> str:
    """Hexadecimal SHA-256 of a file of a photograph; '' of one that cannot be read."""
    try:
        return hashlib.sha256(read_regular(path, 16 * pixel_limit() + 2 ** 26)).hexdigest()
    except ValueError:
        return ''


def made_name(path: str) -> str:
    """Under which, with an extension, a photograph's pictures are in the folders of a report."""
    return file_name(path)


def titles(entries: List[Entry]) -> List[str]:
    """Names for people; those that several have get the folder before them, as much of it as tells them apart."""
    parts = [entry['file'].replace('\\', '/').split('/') for entry in entries]
    found, depth = [[entry['name']] for entry in entries], 1
    while depth < 32:
        seen: Dict[str, int] = {}
        for names in found:
            seen['/'.join(names)] = seen.get('/'.join(names), 0) + 1
        twice = [i for i, names in enumerate(found) if seen['/'.join(names)] > 1 and len(parts[i]) > depth]
        if not twice:
            break
        depth += 1
        for i in twice:
            found[i] = [parts[i][-depth], *found[i]]
    return ['/'.join(names) for names in found]


def counts(entries: List[Entry]) -> Dict[str, int]:
    """How many photographs have each verdict."""
    return {verdict: sum(entry['verdict'] == verdict for entry in entries) for verdict in MEANING}


def is_entry(record: Any) -> bool:
    """Whether a dict out of a journal, which anybody may have written, can be an entry."""
    if not (record.get('verdict') in MEANING and _all(record, ('file', 'name', 'sha256'), str)):
        return False
    if not all(_MADE.fullmatch(str(record[key])) for key in record if key in FILES or key.startswith('page_')):
        return False
    if record['verdict'] in (UNREADABLE, FAILED):
        return isinstance(record.get('reason'), str)
    prompts, area = record.get('prompts'), record.get('area')
    return (_all(record, ('score',), float) and 0 <= record['score'] <= 1 and isinstance(record.get('note'), str)
            and _all(record, ('height', 'width', 'orientation'), int) and _numbers(record.get('map_range'), 2)
            and isinstance(prompts, dict) and all(_numbers(prompts[key], PROMPTS.get(key, 0)) for key in prompts)
            and (record['verdict'] == NOT_FLAGGED or isinstance(area, float)))


def _all(record: Entry, keys: Sequence[str], kind: type) -> bool:
    return all(type(record.get(key)) is kind for key in keys)


def _numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(type(x) in (int, float) for x in value)
