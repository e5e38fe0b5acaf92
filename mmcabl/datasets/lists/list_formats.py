"""The community's list formats by name, each of which takes a file and gives its rows; parsers of the JSON ones."""

import json
from typing import Any, Callable, Dict, Iterator, Optional

from mmcabl.datasets.lists.fetched import opened_list
from mmcabl.datasets.lists.text_lists import ListedImage, catnet, label_of, mask_of, mvssnet, refuse, short, table


class _Doubled(dict):
    """A JSON object in which a key stands twice; ``dict`` would keep the last without a word."""

    key: str = ''
    number: int = 0


def _object(pairs: list) -> dict:
    found: Dict[str, Any] = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled, seen = _Doubled(found), set()
    for doubled.number, (doubled.key, _) in enumerate(pairs, 1):
        if doubled.key in seen:
            return doubled
        seen.add(doubled.key)
    return doubled


def _json(file: str, kind: type, expected: str) -> Any:
    with opened_list(file) as opened:
        try:
            content = json.load(opened, object_pairs_hook=_object)
        except json.JSONDecodeError as error:
            refuse(file, error.lineno, f'not JSON ({error.msg}).')
        except RecursionError:
            refuse(file, 1, 'the JSON is nested too deeply.')
        except ValueError as error:  # a number with thousands of digits
            refuse(file, 1, f'not JSON that can be read ({str(error)[:80]}).')
    if not isinstance(content, kind):
        refuse(file, 1, f'the JSON is a {type(content).__name__}, not {expected}.')
    return content


def benco(file: str) -> Iterator[ListedImage]:
    """IMDL-BenCo: a JSON list of ``[image, mask]`` pairs, mask ``"Negative"`` for authentic images."""
    for number, pair in enumerate(_json(file, list, 'a list of [image, mask or "Negative"] pairs'), 1):
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str)):
            refuse(file, f'entry {number}', f'{short(pair)} is not an [image, mask or "Negative"] pair.')
        mask = mask_of(pair[1])
        yield f'entry {number}', pair[0].strip(), int(mask is not None), mask


def wscl(file: str, subset: Optional[str] = None) -> Iterator[ListedImage]:
    """WSCL: a JSON object ``{name: {subset, path, label, mask}}``; ``subset`` takes one part of it."""
    parts = set()
    rows = _json(file, dict, 'an object of {name: {subset, path, label, mask}}')
    if isinstance(rows, _Doubled):
        refuse(file, f'entry {rows.number}', f'the key {short(rows.key)} is there twice.')
    for number, (name, row) in enumerate(rows.items(), 1):
        place = f'entry {number} ({name[:80]})'
        if not (isinstance(row, dict) and {'path', 'label'} <= set(row)):
            refuse(file, place, 'an object with path and label is needed.')
        if isinstance(row, _Doubled):
            refuse(file, place, f'the key {short(row.key)} is there twice.')
        for key in ('path', 'mask', 'subset'):
            if not isinstance(row.get(key), (str, type(None))) or key == 'path' and row[key] is None:
                refuse(file, place, f'{key} is {short(row[key])}, not a text.')
        parts.add(row.get('subset'))
        if subset in (None, row.get('subset')):
            yield place, row['path'].strip(), label_of(row['label'], file, place), mask_of(row.get('mask'))
    if subset is not None and subset not in parts:
        there = ', '.join(sorted(map(str, parts)))
        refuse(file, 'entry 1', f'no entry has subset {subset!r}; there are {there[:200]}.')


FORMATS: Dict[str, Callable[..., Iterator[ListedImage]]] = {
    'catnet': catnet, 'mvssnet': mvssnet, 'csv': table, 'benco': benco, 'wscl': wscl}


def guess_format(file: str) -> str:
    """The format by extension, and where that leaves two, by the first character or line."""
    if file.lower().endswith('.csv'):
        return 'csv'
    with opened_list(file) as opened:
        head = opened.read(4096).lstrip()
    if file.lower().endswith('.json'):
        return 'wscl' if head.startswith('{') else 'benco'
    return 'catnet' if ',' in head.split('\n', 1)[0] else 'mvssnet'
