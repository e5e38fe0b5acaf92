import os
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from mmcabl.datasets.forgery_dataset import ForgeryDataset
from mmcabl.datasets.trees import LOCAL, LocalTree
from mmcabl.registry import DATASETS


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
    def mask_files(cls, data_root: str, tree: LocalTree = LOCAL) -> List[str]:
        return tree.images_below(os.path.join(data_root, 'Gt'))

    def list_entries(self) -> List[Dict]:
        entries = [self.entry(path, 0) for name in self.authentic for _, path in self._below(name)]
        known = {} if self.masks is None else dict(self._below(self.masks))
        claimed: Dict[str, str] = {}
        for name in self.manipulated:
            for place, path in self._below(name):
                mask = next((known[place + s] for s in self.suffixes if place + s in known), None)
                if mask is not None and claimed.setdefault(mask, path) != path:
                    raise ValueError(f'{claimed[mask]} and {path} both claim the mask {mask}.')
                entries.append(self.entry(path, 1, mask))
        return entries

    def _below(self, name: str) -> Iterator[Tuple[str, str]]:
        """(place below a folder without an extension, path) of its images."""
        folder = os.path.join(self.data_root, name)
        return ((os.path.splitext(os.path.relpath(path, folder))[0], path) for path in self.tree.images_below(folder))
