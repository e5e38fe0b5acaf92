"""Data sets that come as a list, in any of the community's formats."""

import os
from typing import Dict, List, Optional

from mmcabl.datasets.forgery_dataset import FolderListing, ForgeryDataset
from mmcabl.datasets.list_formats import FORMATS, BadList, guess_format
from mmcabl.registry import DATASETS


@DATASETS.register_module()
class ForgeryList(ForgeryDataset):
    """Images named by a list file.

    ==============  ================================================================================
    ``benco``       IMDL-BenCo's JSON: ``[[image, mask | "Negative"], ...]``
    ``catnet``      CAT-Net's text: ``image,mask | None,...``
    ``mvssnet``     MVSS-Net's text: ``image mask | None label``
    ``csv``         CSV with the columns ``image``, ``label`` and, if there are masks, ``mask``
    ``wscl``        WSCL's JSON: ``{name: {subset, path, label, mask}, ...}``
    ==============  ================================================================================

    Paths are relative to ``data_root``, or absolute below it. Every image and mask must be there when
    the list is read (one look into each folder); nothing is loaded from a list with one bad line.

    Args:
        ann_file: the list; a relative path is taken below ``data_root``, as in all mm data sets.
        data_root: folder its paths are relative to; none of them may lead out of it.
        format: one of the above; by default told from the extension and the first line.
        subset: of a ``wscl`` list.
        check_files: False spares the look into the folders, for lists on slow file systems.
        **kwargs: of :class:`ForgeryDataset`.

    Raises:
        BadList: (a ValueError) one sentence with file and line: a missing file, a wrong column count, a path
            that leaves ``data_root``, a label that is neither, a JSON of another shape.
    """

    def __init__(self, ann_file: str, data_root: str = '', format: Optional[str] = None,
                 subset: Optional[str] = None, check_files: bool = True, **kwargs) -> None:
        if format is not None and format not in FORMATS:
            raise ValueError(f'Unknown list format {format!r}; accepted are {", ".join(FORMATS)}.')
        if subset is not None and format not in (None, 'wscl'):
            raise ValueError(f'A list in the format {format!r} has no subsets; only wscl lists have.')
        self.format, self.subset, self.check_files = format, subset, check_files
        super().__init__(data_root=data_root, ann_file=ann_file, **kwargs)

    def list_entries(self) -> List[Dict]:
        """Parse the whole list, then check its paths."""
        if not os.path.isfile(self.ann_file):
            raise FileNotFoundError(f'{self.ann_file} is not a file; ForgeryList needs ann_file, a list of images.')
        kind = self.format or guess_format(self.ann_file)
        options = dict(subset=self.subset) if kind == 'wscl' else {}
        root, listing, entries = os.path.abspath(self.data_root or '.'), FolderListing(), []
        for row in FORMATS[kind](self.ann_file, **options):
            paths = [self._path(root, name, row.place, listing) for name in (row.image, row.mask) if name]
            entries.append(self.entry(paths[0], row.label, paths[1] if len(paths) > 1 else None))
        return entries

    def select(self, entries: List[Dict]) -> List[Dict]:
        """All of them: the list is the selection."""
        return entries

    def _path(self, root: str, name: str, place: str, listing: FolderListing) -> str:
        if '..' in name or '//' in name or name.startswith(os.sep):
            path = os.path.normpath(os.path.join(root, name))
        else:
            path = f'{root.rstrip(os.sep)}{os.sep}{name}'  # most paths: long lists load in half the time
        if not path.startswith(root.rstrip(os.sep) + os.sep):
            raise BadList(f'{self.ann_file}, {place}: {name} leads out of the data root {root}.')
        if self.check_files and not listing.has(path):
            raise BadList(f'{self.ann_file}, {place}: {path} is not there.')
        return path
