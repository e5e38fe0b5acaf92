"""Trees of empty files in the data sets' native layouts, from the public file lists; and what the lists say."""

import json
import os
from pathlib import Path


def touch(root, *names):
    """Make empty files; trees of 12,000 are made here, so folders are made only where one is missing."""
    for name in names:
        path = os.path.join(root, name)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))


def catnet_rows(*files):
    """(image, mask or None) of CAT-Net's lists, in their order."""
    rows = []
    for file in files:
        for line in Path(file).read_text().split('\n'):
            if line.strip():
                image, mask = line.split(',')[:2]
                rows.append((image, None if mask == 'None' else mask))
    return rows


def native_rows(shared, name):
    """(image, mask or None) of every image that the lists have of a data set, in its native layout."""
    lists = shared / 'layouts'
    if name == 'CASIAv1':
        listed = json.loads((lists / 'casia_datalist.json').read_text())
        rows = []
        for image, row in listed.items():
            if row['subset'] == 'val':
                kind = {'Sp_S': 'CM', 'Sp_D': 'Sp'}.get(image[:4])
                stem = Path(image).stem
                rows.append((f'CASIA 1.0 dataset/Tp/{kind}/{image}', f'CASIA 1.0 groundtruth/{kind}/{stem}_gt.png')
                            if kind else (f'CASIA 1.0 dataset/Au/{image}', None))
        return rows
    pattern = dict(CASIAv2='CASIA_v2_*', Columbia='Columbia_*', COVERAGE='COVERAGE_*', IMD2020='IMD_*')[name]
    rows = catnet_rows(*sorted(lists.glob(pattern)))
    if name == 'IMD2020':
        originals = {line.split(',')[2] for file in lists.glob(pattern) for line in file.read_text().split()}
        rows += [(image, None) for image in sorted(originals)]
    return rows
