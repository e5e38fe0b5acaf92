"""The list formats of the community, each parsed into rows. A bad list is one sentence with file and line."""

import csv
import json
from typing import Callable, Dict, Iterator, NamedTuple, Optional

AUTHENTIC = ('0', 'authentic', 'au', 'real')
MANIPULATED = ('1', 'manipulated', 'tp', 'fake')
NO_MASK = ('', 'none', 'negative', 'null')


class Row(NamedTuple):
    """One image of a list: where it stands (``line 7``, ``entry 7``), paths as written, label 0 or 1."""

    place: str
    image: str
    label: int
    mask: Optional[str]


class BadList(ValueError):
    """A list that cannot be read: one sentence with file and line."""


def label_of(text: object, file: str, place: str) -> int:
    """0 or 1 from what a list says; raises :class:`BadList` when it is neither."""
    word = str(text).strip().lower()
    if word not in AUTHENTIC + MANIPULATED:
        raise BadList(f'{file}, {place}: label {text!r} is neither authentic ({", ".join(AUTHENTIC)}) nor '
                      f'manipulated ({", ".join(MANIPULATED)}).')
    return int(word in MANIPULATED)


def mask_of(text: Optional[str]) -> Optional[str]:
    """A mask's path, or None where the list has one of the words for none."""
    return None if text is None or text.strip().lower() in NO_MASK else text.strip()


def _lines(file: str) -> Iterator:
    with open(file, encoding='utf-8') as opened:
        for number, line in enumerate(opened, 1):
            if line.strip():
                yield f'line {number}', line.strip()


def catnet(file: str) -> Iterator[Row]:
    """CAT-Net: ``image,mask,...`` a line, mask ``None`` for authentic images; further columns are not used."""
    for place, line in _lines(file):
        columns = line.split(',')
        if len(columns) < 2:
            raise BadList(f'{file}, {place}: 1 column, where CAT-Net lists have image,mask,... (mask None for '
                          'an authentic image).')
        mask = mask_of(columns[1])
        yield Row(place, columns[0].strip(), int(mask is not None), mask)


def mvssnet(file: str) -> Iterator[Row]:
    """MVSS-Net: ``image mask label`` a line, separated by blanks, mask ``None`` where there is none."""
    for place, line in _lines(file):
        columns = line.split()
        if len(columns) != 3:
            raise BadList(f'{file}, {place}: {len(columns)} columns, where MVSS-Net lists have 3, image mask '
                          'label (paths with blanks need a CSV list).')
        yield Row(place, columns[0], label_of(columns[2], file, place), mask_of(columns[1]))


def table(file: str) -> Iterator[Row]:
    """CSV with a header that names ``image``, ``label`` and, if there are masks, ``mask``."""
    with open(file, newline='', encoding='utf-8-sig') as opened:
        reader = csv.reader(opened)
        header = [name.strip().lower() for name in next(reader, [])]
        if not {'image', 'label'} <= set(header):
            raise BadList(f'{file}, line 1: the header is {",".join(header) or "empty"}; a CSV list needs the '
                          'columns image and label, and may have mask.')
        for columns in reader:
            place = f'line {reader.line_num}'
            if not columns:
                continue
            if len(columns) != len(header):
                raise BadList(f'{file}, {place}: {len(columns)} columns, where the header has {len(header)}.')
            row = dict(zip(header, columns))
            yield Row(place, row['image'].strip(), label_of(row['label'], file, place), mask_of(row.get('mask')))


def _json(file: str, kind: type, expected: str):
    with open(file, encoding='utf-8') as opened:
        try:
            content = json.load(opened)
        except json.JSONDecodeError as error:
            raise BadList(f'{file}, line {error.lineno}: not JSON ({error.msg}).') from None
    if not isinstance(content, kind):
        raise BadList(f'{file}, line 1: the JSON is a {type(content).__name__}, not {expected}.')
    return content


def benco(file: str) -> Iterator[Row]:
    """IMDL-BenCo: a JSON list of ``[image, mask]`` pairs, mask ``"Negative"`` for authentic images."""
    for number, pair in enumerate(_json(file, list, 'a list of [image, mask or "Negative"] pairs'), 1):
        place = f'entry {number}'
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair)):
            raise BadList(f'{file}, {place}: {json.dumps(pair)[:80]} is not an [image, mask or "Negative"] pair.')
        mask = mask_of(pair[1])
        yield Row(place, pair[0], int(mask is not None), mask)


def wscl(file: str, subset: Optional[str] = None) -> Iterator[Row]:
    """WSCL: a JSON object ``{name: {subset, path, label, mask}}``; ``subset`` takes one part of it."""
    parts = set()
    rows = _json(file, dict, 'an object of {name: {subset, path, label, mask}}')
    for number, (name, row) in enumerate(rows.items(), 1):
        place = f'entry {number} ({name})'
        if not (isinstance(row, dict) and {'path', 'label'} <= set(row)):
            raise BadList(f'{file}, {place}: an object with path and label is needed.')
        parts.add(row.get('subset'))
        if subset in (None, row.get('subset')):
            yield Row(place, row['path'], label_of(row['label'], file, place), mask_of(row.get('mask')))
    if subset is not None and subset not in parts:
        there = ', '.join(sorted(map(str, parts)))
        raise BadList(f'{file}, entry 1: no entry has subset {subset!r}; there are {there}.')


FORMATS: Dict[str, Callable[..., Iterator[Row]]] = {
    'catnet': catnet, 'mvssnet': mvssnet, 'csv': table, 'benco': benco, 'wscl': wscl}


def guess_format(file: str) -> str:
    """The format by extension, and where that leaves two, by the first character or line."""
    if file.lower().endswith('.csv'):
        return 'csv'
    with open(file, encoding='utf-8') as opened:
        head = opened.read(4096).lstrip()
    if file.lower().endswith('.json'):
        return 'wscl' if head.startswith('{') else 'benco'
    return 'catnet' if ',' in head.split('\n', 1)[0] else 'mvssnet'
