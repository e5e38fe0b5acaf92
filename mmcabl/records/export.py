import csv
import io
from pathlib import Path
from typing import Dict, List, Union

from mmcabl.evaluation.per_image_metric import keys_of
from mmcabl.records.journal import Record
from mmcabl.structures.forensic_sample import Key
from mmcabl.structures.prompts import columns_of
from mmcabl.utils.files import write_whole

#: Kept in the records alone: 99 numbers for each image.
NOT_IN_TABLE = ('curve', 'score', 'label')


def flat(record: Record) -> Dict[str, Union[str, int, float, None]]:
    """One record as a row: image, label, score, prompts in pixels, every number of every metric, mask file.

    Prompts and masks are on the grid of the stored pixels; ``orientation`` is EXIF's, which turns them upright.
    """
    row = {key: record.get(key) for key in ('dataset', 'image', 'unreadable', 'failed', 'reason', 'label', 'score')}
    row.update(columns_of(record.get('prompts')))
    for numbers in record['metrics'].values():
        row.update({k: v for k, v in (numbers or {}).items() if k not in NOT_IN_TABLE})
    row.update(orientation=record.get('orientation', 1), mask=record.get('mask'))
    if record.get('map'):
        row['map'] = record['map']
    if record.get('note'):
        row['note'] = str(record['note'])
    return row


def write_table(records: Dict[Key, Record], path: Union[str, Path]) -> None:
    """Write ``path`` as CSV (UTF-8), one image a line, in the order of data sets and indices.

    Paths are as in the records: ``mmcabl.records.from_text`` makes file names of those that begin with ``file:``.
    """
    rows: List[dict] = [flat(records[key]) for key in sorted(records)]
    text = io.StringIO(newline='')
    writer = csv.DictWriter(text, keys_of(rows) or ['dataset', 'image'])
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode(errors='backslashreplace'))
