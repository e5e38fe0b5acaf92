"""The community's text lists, parsed into rows. A bad list is one sentence with file and line.

Bytes that are not UTF-8 are kept as Python keeps those of file names, so that a list can name any file.
"""

import csv
from typing import Iterator, NoReturn, Optional, Tuple, Union

from mmcabl.datasets.lists.fetched import opened_list
from mmcabl.images import shown

AUTHENTIC = ('0', 'authentic', 'au', 'real')
MANIPULATED = ('1', 'manipulated', 'tp', 'fake')
NO_MASK = ('', 'none', 'negative', 'null')
#: An image of a list: where it stands (a line's number, or a text such as ``entry 7``), its path, label 0 or 1, mask.
ListedImage = Tuple[Union[int, str], str, int, Optional[str]]


class BadList(ValueError):
    """A list that cannot be read: one sentence with file and line."""


def refuse(file: str, place: Union[int, str], why: str) -> NoReturn:
    """Raise :class:`BadList`. What the list says stands in ``why`` as it is, and is made printable here."""
    place = f'line {place}' if isinstance(place, int) else place
    raise BadList(shown(f'{file}, {place}: {why}')) from None


def label_of(text: object, file: str, place: Union[int, str]) -> int:
    """0 or 1 from what a list says; raises :class:`BadList` when it is neither."""
    word = str(text)[:40].strip().lower() if isinstance(text, (str, int)) else ''
    if word not in AUTHENTIC + MANIPULATED:
        refuse(file, place, f'label {short(text)} is neither authentic ({", ".join(AUTHENTIC)}) nor manipulated '
               f'({", ".join(MANIPULATED)}).')
    return int(word in MANIPULATED)


def mask_of(text: Optional[str]) -> Optional[str]:
    """A mask's path, or None where the list has one of the words for none."""
    if text is None or text in ('None', 'Negative', ''):  # nearly all
        return None
    text = text.strip()
    return None if len(text) < 9 and text.lower() in NO_MASK else text


def short(value: object) -> str:
    """A value as a sentence can hold it."""
    try:
        text = repr(value)
    except RecursionError:
        text = f'a deeply nested {type(value).__name__}'
    return text if len(text) <= 80 else text[:77] + '...'


def lines(file: str) -> Iterator[Tuple[int, str]]:
    """(number, text) of the lines that have any."""
    with opened_list(file) as opened:
        for number, line in enumerate(opened, 1):
            line = line.strip()
            if line:
                yield number, line


def catnet(file: str) -> Iterator[ListedImage]:
    """CAT-Net: ``image,mask,...`` a line, mask ``None`` for authentic images; further columns are not used."""
    for number, line in lines(file):
        columns = line.split(',', 2)
        if len(columns) < 2:
            refuse(file, number, '1 column, where CAT-Net lists have image,mask,... (mask None for an authentic '
                   'image).')
        mask = mask_of(columns[1])
        yield number, columns[0].strip(), int(mask is not None), mask


def mvssnet(file: str) -> Iterator[ListedImage]:
    """MVSS-Net: ``image mask label`` a line, separated by blanks, mask ``None`` where there is none."""
    for number, line in lines(file):
        columns = line.split()
        if len(columns) != 3:
            refuse(file, number, f'{len(columns)} columns, where MVSS-Net lists have 3, image mask label (paths with '
                   'blanks need a CSV list).')
        yield number, columns[0], label_of(columns[2], file, number), mask_of(columns[1])


def table(file: str) -> Iterator[ListedImage]:
    """CSV with a header that names ``image``, ``label`` and, if there are masks, ``mask``."""
    with opened_list(file, newline='') as opened:
        reader = csv.reader(opened)
        try:
            header = [name.strip().lower() for name in next(reader, [])]
            if not {'image', 'label'} <= set(header):
                refuse(file, 1, f'the header is {",".join(header)[:200] or "empty"}; a CSV list needs the columns '
                       'image and label, and may have mask.')
            for name in ('image', 'label', 'mask'):
                if header.count(name) > 1:
                    refuse(file, 1, f'the header has the column {name} {header.count(name)} times.')
            image, label, mask = (header.index(n) if n in header else None for n in ('image', 'label', 'mask'))
            for row in reader:
                number = reader.line_num
                if not row:
                    continue
                if len(row) != len(header):
                    refuse(file, number, f'{len(row)} columns, where the header has {len(header)}.')
                yield (number, row[image].strip(), label_of(row[label], file, number),
                       None if mask is None else mask_of(row[mask]))
        except csv.Error as error:
            refuse(file, max(1, reader.line_num), f'not CSV ({error}).')
