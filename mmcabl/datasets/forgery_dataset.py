import os
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from mmcabl.datasets.lists.fetched import fetched
from mmcabl.datasets.lists.text_lists import lines
from mmcabl.datasets.masks import check_rule
from mmcabl.datasets.parts import check_part, one_in
from mmcabl.datasets.trees import LOCAL, LocalTree, tree_of
from mmcabl.images import is_local, join, shown
from mmcabl.images.backends import Backend, backend_of
from mmcabl.registry import DATASETS


@DATASETS.register_module()
class ForgeryDataset(BaseDataset):
    """Base class: images with the label authentic (0) or manipulated (1) and, for testing, a mask path.

    A subclass lists its images in :meth:`list_entries`. Masks are listed by name only:
    nothing opens them unless the pipeline has ``mmcabl.LoadForgeryMask``.

    Args:
        data_root: folder of the data set.
        ann_file: a text file that selects images: one path relative to ``data_root`` a line, or CAT-Net's
            ``image,mask,jpeg`` lines, of which the first column is used. All images by default.
        name: what results are grouped by, ``dataset_name`` of each sample; the class's own by default.
        every: take one image in ``every`` of each label, the first of them on: a part that has both labels, where an
            ``indices`` that is a number takes the first images, which may all be authentic.
        mask_rule: how masks become binary, see ``mmcabl.datasets.read_mask``; the class's own by default.
        backend_args: of mmengine's file backends, for roots that are not local; ``http://`` and ``s3://`` need none.
        listing: a list of all files below ``data_root``, one a line, for roots that cannot be listed; see
            :func:`mmcabl.datasets.trees.tree_of`.
        **kwargs: of mmpretrain's ``BaseDataset``: ``pipeline``, ``test_mode``, ``lazy_init``, ``indices``, ...

    Raises:
        FileNotFoundError: no image was found, or a selected one is not there.
        ValueError: ``indices`` is a number that leaves a training one of the two labels.
    """

    METAINFO = dict(classes=('authentic', 'manipulated'), palette=[[0, 0, 0], [255, 0, 0]])
    MASK_RULE = 'bright'
    #: (authentic, manipulated) as published; None where nothing was published.
    PUBLISHED: Optional[Tuple[int, int]] = None

    def __init__(self, data_root: str = '', ann_file: str = '', name: Optional[str] = None,
                 every: int = 1, mask_rule: Optional[str] = None, backend_args: Backend = None, listing: str = '',
                 **kwargs) -> None:
        self.name = name or type(self).__name__
        if not isinstance(every, int) or every < 1:
            raise ValueError(f'{type(self).__name__} was given every={every!r}; accepted are whole numbers from 1.')
        self.every = every
        self.mask_rule = check_rule(mask_rule or self.MASK_RULE)
        self.backend_args = dict(backend_args) if backend_args else None
        self.remote = not is_local(data_root, self.backend_args)
        if self.remote:  # what is wrong with the backend is said at once
            backend_of(data_root, self.backend_args)
        self._tree: Optional[LocalTree] = None
        self.listing = self._beside(data_root, listing)
        super().__init__(data_root=data_root, ann_file=ann_file, **kwargs)

    @property
    def tree(self) -> LocalTree:
        """The files below ``data_root``, for :meth:`list_entries`; those of a store are asked for once."""
        if self._tree is None:
            self._tree = tree_of(self.data_root, self.backend_args, self.listing)
        return self._tree

    def _beside(self, root: str, file: str) -> str:
        """A list's path: absolute or an address as it is, else below the root."""
        if not file or os.path.isabs(file) or not is_local(file) or not root:
            return file
        return join(root, file, self.backend_args) if self.remote else os.path.join(root, file)

    def _join_prefix(self) -> None:
        """mmengine's hook, whose backends do not all join paths."""
        self.ann_file = self._beside(self.data_root, self.ann_file)
        if not self.remote:
            super()._join_prefix()

    @staticmethod
    def entry(image: Union[str, Path], label: int, mask: Optional[Union[str, Path]] = None) -> Dict:
        """One image of the list; ``mask=None``: authentic, or manipulated with its truth unknown."""
        return dict(img_path=str(image), gt_label=label, gt_mask_path=None if mask is None else str(mask))

    def list_entries(self) -> List[Dict]:
        """The subclass's images, each made with :meth:`entry`."""
        raise NotImplementedError

    @classmethod
    def mask_files(cls, data_root: str, tree: LocalTree = LOCAL) -> List[str]:
        """Every mask file of a native layout, whether an image belongs to it or not."""
        return []

    @classmethod
    def published_at(cls, data_root: str) -> Optional[Tuple[int, int]]:
        """What was published of the form that a folder has; None for what ``mmcabl.lab.synthetic`` wrote there."""
        made = all(os.path.isfile(os.path.join(data_root, name)) for name in ('manifest.jsonl', 'recipe.json'))
        return None if made else cls.PUBLISHED

    @classmethod
    def looks_like(cls, data_root: str) -> bool:
        """Whether a folder has this data set's native layout."""
        return False

    def load_data_list(self) -> List[Dict]:
        """The entries; says in a sentence that there is none, or that a class or masks are missing."""
        entries = self.list_entries()
        name = f'{type(self).__name__} at {shown(self.data_root or "(no data_root)")}'
        if not entries:
            raise FileNotFoundError(f'{name} has no images; its folders must look like the tree in its '
                                    f'documentation: help(mmcabl.datasets.{type(self).__name__}).')
        entries = one_in(self.select(entries), self.every)
        forged, lacking = self.count(entries)
        if entries and forged in (0, len(entries)):
            only = self.METAINFO['classes'][int(forged > 0)]
            print_log(f'{name} has {only} images only; a classifier cannot learn from it, and I-AUC is '
                      'undefined on it.', logger='current', level=30)
        if 0 < lacking < forged:
            print_log(f'{lacking} of {forged} manipulated images of {name} have no mask; they do not count '
                      'for pixel metrics.', logger='current', level=30)
        for entry in entries if isinstance(entries, list) else ():
            entry.update(dataset_name=self.name, mask_rule=self.mask_rule)
            if self.remote:
                entry.update({key: entry[key] and join(self.data_root, self._inner(entry[key]), self.backend_args)
                              for key in ('img_path', 'gt_mask_path')})
        self._tree = None  # its names are in the entries now
        return entries

    def get_data_info(self, idx: int) -> Dict:
        """mmengine's, and by which file backend the loading steps read it."""
        found = super().get_data_info(idx)
        return dict(found, backend_args=self.backend_args) if self.backend_args else found

    def _inner(self, path: str) -> str:
        """A path of an entry, relative to ``data_root``."""
        if self.remote:
            return path[len(self.data_root):].replace(os.sep, '/').lstrip('/')
        return os.path.relpath(path, self.data_root)

    def _get_unserialized_subset(self, indices: Union[int, Sequence[int]]) -> List[Dict]:
        """mmengine's, which takes the first (or last) images where ``indices`` is a number."""
        found = super()._get_unserialized_subset(indices)
        if not self.test_mode:
            check_part(self.data_list, found, indices, f'{type(self).__name__} at {shown(self.data_root)}')
        return found

    @staticmethod
    def count(entries: List[Dict]) -> Tuple[int, int]:
        """Manipulated images, and those of them without a mask."""
        masks = [entry['gt_mask_path'] for entry in entries if entry['gt_label'] == 1]
        return len(masks), masks.count(None)

    def select(self, entries: List[Dict]) -> List[Dict]:
        """Those of the entries that ``ann_file`` names, in its order."""
        if not self.ann_file:
            return entries
        known = {self._inner(entry['img_path']): entry for entry in entries}
        selected = []
        try:
            for number, line in lines(fetched(self.ann_file, self.backend_args)):
                name = line.split(',', 1)[0].strip()
                if name and os.path.normpath(name) not in known:
                    raise FileNotFoundError(f'{shown(self.ann_file)}, line {number}: {shown(name)} is not an image '
                                            f'of the data set at {shown(self.data_root)}.')
                selected += [dict(known[os.path.normpath(name)])] if name else []
        except OSError as error:
            if not error.strerror:
                raise
            raise FileNotFoundError(f'ann_file {shown(self.ann_file)} cannot be read: {error.strerror}.') from None
        if not selected:
            raise FileNotFoundError(f'{shown(self.ann_file)}, line 1: the list has no images.')
        return selected
