"""The list formats of the community by name: each takes a file and gives its rows."""

from typing import Callable, Dict, Iterator

from mmcabl.datasets.lists.json_lists import benco, wscl
from mmcabl.datasets.lists.text_lists import BadList, ListedImage, catnet, mvssnet, table

__all__ = ['FORMATS', 'BadList', 'guess_format']

FORMATS: Dict[str, Callable[..., Iterator[ListedImage]]] = {
    'catnet': catnet, 'mvssnet': mvssnet, 'csv': table, 'benco': benco, 'wscl': wscl}


def guess_format(file: str) -> str:
    """The format by extension, and where that leaves two, by the first character or line."""
    if file.lower().endswith('.csv'):
        return 'csv'
    with open(file, encoding='utf-8-sig', errors='surrogateescape') as opened:
        head = opened.read(4096).lstrip()
    if file.lower().endswith('.json'):
        return 'wscl' if head.startswith('{') else 'benco'
    return 'catnet' if ',' in head.split('\n', 1)[0] else 'mvssnet'
