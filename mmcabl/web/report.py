"""The report of ``mmcabl check`` on a visitor's photographs, as a file to download."""

import io
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Sequence

from mmcabl.reports.about import About
from mmcabl.reports.check_folder import CheckFolder
from mmcabl.web.shelf import Entry

#: What of a check's folder is for people; the rest is for going on with a check.
FOR_PEOPLE = ('report*.html', 'report.csv', 'report.json', 'overlays/*', 'masks/*')


def report_zip(entries: Sequence[Entry], about: About, decision: float) -> bytes:
    """A zip file with the report and its pictures in one folder.

    Args:
        entries: with their samples as they are to be reported, ``flagged`` or not.
        decision: threshold of the score that they were judged by.
    """
    about = replace(about, threshold=decision)
    with tempfile.TemporaryDirectory(prefix='report-') as place:
        folder = Path(place, 'mmcabl-report')
        with CheckFolder(folder, dict(page=True)) as check:
            for entry in entries:
                check.add(entry.name, entry.sample, about, entry.sha256)
            check.finish([entry.name for entry in entries], about)
        file = io.BytesIO()
        with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as zipped:
            for path in sorted(path for pattern in FOR_PEOPLE for path in folder.glob(pattern)):
                zipped.write(path, path.relative_to(place).as_posix())
        return file.getvalue()
