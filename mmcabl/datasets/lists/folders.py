"""Data sets that come as plain folders."""

import os
from typing import Dict, List, Optional, Sequence

from mmcabl.datasets.forgery_dataset import ForgeryDataset
from mmcabl.images import list_images, stem
from mmcabl.registry import DATASETS


def images_below(folder: str) -> List[str]:
    """Image files in ``folder`` and its subfolders, sorted."""
    return sorted(p for inner, _, _ in os.walk(folder) for p in list_images(inner))


@DATASETS.register_module()
class ForgeryFolders(ForgeryDataset):
    """Images whose label is their folder's, and masks of the same name; by default IMDL-BenCo's folders.

    ::

        data_root
        |-- Tp                  any depth              manipulated
        |-- Gt                  <stem>.png or <stem>_gt.png, _mask, at the same place below
        `-- Au                  any depth              authentic; may be missing

    Args:
        data_root: the folder above.
        manipulated, authentic: names of the folders with images, one or several of each.
        masks: name of the folder with masks; None: the masks are unknown.
        suffixes: what masks' stems may have after the image's; the first that exists is taken.
        **kwargs: of :class:`ForgeryDataset`.

    Raises:
        ValueError: two images of the same place and stem claim one mask, such as ``a.jpg`` and ``a.png``.
    """

    def __init__(self, data_root: str = '', manipulated: Sequence[str] = ('Tp',), authentic: Sequence[str] = ('Au',),
                 masks: Optional[str] = 'Gt', suffixes: Sequence[str] = ('', '_gt', '_mask'), **kwargs) -> None:
        self.manipulated = [manipulated] if isinstance(manipulated, str) else list(manipulated)
        self.authentic = [authentic] if isinstance(authentic, str) else list(authentic)
        self.masks, self.suffixes = masks, tuple(suffixes)
        super().__init__(data_root=data_root, **kwargs)

    @classmethod
    def looks_like(cls, data_root: str) -> bool:
        return all(os.path.isdir(os.path.join(data_root, name)) for name in ('Tp', 'Gt'))

    @classmethod
    def mask_files(cls, data_root: str) -> List[str]:
        return images_below(os.path.join(data_root, 'Gt'))

    def list_entries(self) -> List[Dict]:
        """Walk the folders."""
        entries = [self.entry(p, 0) for name in self.authentic
                   for p in images_below(os.path.join(self.data_root, name))]
        known = {} if self.masks is None else self._by_place(os.path.join(self.data_root, self.masks))
        claimed: Dict[str, str] = {}
        for name in self.manipulated:
            folder = os.path.join(self.data_root, name)
            for path in images_below(folder):
                place = os.path.splitext(os.path.relpath(path, folder))[0]
                mask = next((known[place + s] for s in self.suffixes if place + s in known), None)
                if mask is not None and claimed.setdefault(mask, path) != path:
                    raise ValueError(f'{claimed[mask]} and {path} both claim the mask {mask}.')
                entries.append(self.entry(path, 1, mask))
        return entries

    @staticmethod
    def _by_place(folder: str) -> Dict[str, str]:
        found = {}
        for path in images_below(folder):
            found[os.path.join(os.path.relpath(os.path.dirname(path), folder), stem(path))] = path
        return {os.path.normpath(place): path for place, path in found.items()}
