"""Trees of empty files in the data sets' native layouts, from the public file lists; and what the lists say."""

import json
from pathlib import Path


def touch(root, *names):
    for name in names:
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


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
