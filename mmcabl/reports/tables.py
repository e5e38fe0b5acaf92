"""``report.json`` for programs and ``report.csv`` for spreadsheets."""

import json
from typing import Any, Dict, List

from mmcabl.reports.about import About
from mmcabl.reports.entries import Entry, counts
from mmcabl.utils.csv_cells import csv_bytes

COLUMNS = ['name', 'verdict', 'score', 'reason', 'note', 'width', 'height', 'orientation', 'area', 'box_x0', 'box_y0',
           'box_x1', 'box_y1', 'positive_x', 'positive_y', 'negative_x', 'negative_y', 'map_low', 'map_high', 'mask',
           'map', 'overlay', 'sha256', 'file', 'model', 'threshold', 'trained_on', 'not_for']
CORNERS = {'box': ('x0', 'y0', 'x1', 'y1'), 'positive': ('x', 'y'), 'negative': ('x', 'y')}


def as_report(entries: List[Entry], about: About) -> Dict[str, Any]:
    """Everything that is known, as plain data."""
    return dict(about.settings(), model=about.model(), counts=dict(photographs=len(entries), **counts(entries)),
                photographs=entries)


def json_bytes(entries: List[Entry], about: About) -> bytes:
    """:func:`as_report` as a file."""
    return json.dumps(as_report(entries, about), indent=1, allow_nan=False).encode() + b'\n'


def csv_of(entries: List[Entry], about: About) -> bytes:
    """One photograph a line, with a verdict, and with the model's limits, which must not get lost on the way."""
    return csv_bytes([_row(entry, about) for entry in entries], COLUMNS)


def _row(entry: Entry, about: About) -> Dict[str, Any]:
    row = {key: value for key, value in entry.items() if key in COLUMNS}
    for name, corners in CORNERS.items():
        values = entry.get('prompts', {}).get(name) or []
        row.update({f'{name}_{corner}': value for corner, value in zip(corners, values)})
    row.update(zip(('map_low', 'map_high'), entry.get('map_range', ())))
    return dict(row, model=about.card.name, threshold=about.threshold, trained_on=about.card.trained_on,
                not_for=about.card.not_for)
