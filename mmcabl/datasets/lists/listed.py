import os
from itertools import islice
from operator import not_, or_
from typing import Dict, Optional, Sequence, Tuple, Union

import numpy as np

from mmcabl.datasets.forgery_dataset import ForgeryDataset
from mmcabl.datasets.lists.fetched import Fetched, fetched
from mmcabl.datasets.lists.folder_listing import FolderListing
from mmcabl.datasets.lists.list_formats import FORMATS, guess_format
from mmcabl.datasets.lists.packed import Packed, Unpacked, one
from mmcabl.datasets.lists.plain_text import PlainText
from mmcabl.datasets.lists.text_lists import refuse
from mmcabl.datasets.trees import NamedTree
from mmcabl.images import is_local, join, shown
from mmcabl.registry import DATASETS

#: Rows that are checked together, in lists that are read row by row.
BATCH = 8_192


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

    Paths are relative to ``data_root``, or absolute below it. Every image and mask must be there, a regular file,
    when the list is read (one look into each folder); nothing is loaded from a list with one bad line.

    Args:
        ann_file: the list; a relative path is taken below ``data_root``, as in all mm data sets.
        data_root: folder its paths are relative to, which may be a link itself; none of them may lead out of it.
        format: one of the above; by default told from the extension and the first line.
        subset: of a ``wscl`` list.
        check_files: False spares the look into the folders, for lists on slow file systems; links are not seen then.
            Of other places an LMDB alone is looked into, and a ``listing``; else what is missing is said when read.
        follow_links: True lets links in ``data_root`` lead out of it.
        **kwargs: of :class:`ForgeryDataset`.

    Raises:
        BadList: (a ValueError) one sentence with file and line: a missing file, a wrong column count, a path
            that leaves ``data_root``, a label that is neither, an authentic image with a mask, a JSON of another
            shape.
    """

    def __init__(self, ann_file: str, data_root: str = '', format: Optional[str] = None,
                 subset: Optional[str] = None, check_files: bool = True, follow_links: bool = False,
                 **kwargs) -> None:
        if format is not None and format not in FORMATS:
            raise ValueError(f'Unknown list format {format!r}; accepted are {", ".join(FORMATS)}.')
        if subset is not None and format not in (None, 'wscl'):
            raise ValueError(f'A list in the format {format!r} has no subsets; only wscl lists have.')
        self.format, self.subset, self.check_files, self.follow_links = format, subset, check_files, follow_links
        super().__init__(data_root=data_root, ann_file=ann_file, **kwargs)

    def list_entries(self) -> Unpacked:
        """Read the whole list and check its paths, many lines at a time."""
        file = fetched(self.ann_file, self.backend_args)
        if not isinstance(file, Fetched) and not os.path.isfile(file):
            raise FileNotFoundError(f'{shown(file)} is not a file; ForgeryList needs ann_file, a list of images.')
        self._root = self.data_root if self.remote else os.path.abspath(self.data_root or '.')
        listing = self._known_files() if self.check_files else None
        try:
            kind = self.format or guess_format(file)
            packed = PlainText.read(file, kind, listing) if os.sep == '/' else None
            if packed is None:
                packed = self._row_by_row(file, kind, listing)
        except OSError as error:
            refuse(file, 1, f'the list cannot be read: {error.strerror}.')
        self._row = packed.row
        return Unpacked(packed, self._unpack)

    def _known_files(self) -> Union[FolderListing, NamedTree, None]:
        """What the list is checked against; None for a store that nobody lists: a request for each file is dear."""
        if not self.remote and not self.listing:
            return FolderListing(self._root, self.follow_links)
        if self.listing or (self.backend_args or {}).get('backend') == 'lmdb':
            found = self.tree
            return found if isinstance(found, NamedTree) else None
        return None

    def _row_by_row(self, file: str, kind: str, listing: Optional[FolderListing]) -> Packed:
        """Any list; every row that is not plain is looked at by itself."""
        packed, rows = Packed(), FORMATS[kind](file, **(dict(subset=self.subset) if kind == 'wscl' else {}))
        for batch in iter(lambda: list(islice(rows, BATCH)), []):
            images, labels, masks = ([row[i] for row in batch] for i in (1, 2, 3))
            if not self._plain(images, labels, masks, listing):
                images, masks = zip(*(self._checked(*row, listing) for row in batch))
            packed.extend(images, labels, masks)
        return packed

    @staticmethod
    def _plain(images: Sequence[str], labels: Sequence[int], masks: Sequence[Optional[str]],
               listing: Optional[FolderListing]) -> bool:
        """Whether nothing in a batch needs a closer look; most batches of most lists do not."""
        names = [*images, *filter(None, masks)]
        text = '\n'.join(['', *names, ''])
        odd = os.sep != '/' or any(what in text for what in ('\n\n', '\n/', '..', '//', '\0'))
        return not odd and all(map(or_, labels, map(not_, masks))) and (listing is None or listing.all_there(names))

    def _checked(self, place: Union[int, str], image: str, label: int, mask: Optional[str],
                 listing: Optional[FolderListing]) -> Tuple[str, Optional[str]]:
        """Image and mask of a row, relative to the root."""
        if not image:
            refuse(self.ann_file, place, 'the path of the image is empty.')
        if mask and not label:
            refuse(self.ann_file, place, f'{image} is authentic and has the mask {mask}; an authentic image has '
                   'none.')
        return self._below(image, place, listing), self._below(mask, place, listing) if mask else None

    def _below(self, name: str, place: Union[int, str], listing: Optional[FolderListing]) -> str:
        """A path of the list, relative to the root and checked."""
        if '\0' in name:
            refuse(self.ann_file, place, f'{name} has a zero byte in it.')
        above = self._root.rstrip('/') + '/' if self.remote and self._root else ''
        start = '/' if self.remote else self._root.rstrip(os.sep) + os.sep
        inner = name[len(above):] if name.startswith(above) else name
        path = os.path.normpath(os.path.join(start, inner))
        leaves = self.remote and (inner.startswith('/') or not is_local(inner) or '..' in inner.split('/'))
        if leaves or not path.startswith(start):
            refuse(self.ann_file, place, f'{name} leads out of the data root {self._root}.')
        name = path[len(start):].replace(os.sep, '/')
        why = listing.why_not(name) if listing else ''
        if why:
            refuse(self.ann_file, place, f'{above + name if self.remote else path} {why}.')
        return name

    @staticmethod
    def count(entries: Unpacked) -> Tuple[int, int]:
        """Manipulated images, and those of them without a mask."""
        return entries.packed.forged, entries.packed.lacking

    def select(self, entries: Unpacked) -> Unpacked:
        """All of them: the list is the selection."""
        return entries

    def _unpack(self, entry: bytes) -> Dict:
        image, label, mask = self._row(entry)
        image = join(self._root, image, self.backend_args)
        found = self.entry(image, label, mask and join(self._root, mask, self.backend_args))
        if self.backend_args:
            found['backend_args'] = self.backend_args
        return dict(found, dataset_name=self.name, mask_rule=self.mask_rule)

    def _serialize_data(self) -> Tuple[np.ndarray, np.ndarray]:
        """mmengine's hook: the entries' bytes as they are, unless a selection made them dicts."""
        self._packed = isinstance(self.data_list, Unpacked)
        if not self._packed:
            return super()._serialize_data()
        packed, self.data_list = self.data_list.packed, []
        return packed.data, packed.ends

    def get_data_info(self, idx: int) -> Dict:
        """The entry and its ``sample_idx``."""
        self.full_init()
        if not (self.serialize_data and self._packed):
            return super().get_data_info(idx)
        idx = range(len(self))[idx]
        return dict(self._unpack(one(self.data_bytes, self.data_address, idx)), sample_idx=idx)
