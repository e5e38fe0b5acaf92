from typing import Dict, Iterator, List, Tuple

from mmcabl.datasets.forgery_dataset import ForgeryDataset
from mmcabl.datasets.trees import LOCAL, LocalTree
from mmcabl.images import stem
from mmcabl.registry import DATASETS

ORIGINAL, MASK = '_orig', '_mask'


@DATASETS.register_module()
class IMD2020(ForgeryDataset):
    """IMD2020's real-life part as it unpacks: 414 originals and 2,010 manipulated versions of them.

    ::

        data_root
        `-- <id>                          one folder for each original
            |-- <name>_orig.jpg           authentic; <name> is mostly, not always, <id>
            |-- <name>.jpg, <name>.png    manipulated
            `-- <name>_mask.png           white is manipulated

    Arguments: of :class:`ForgeryDataset`.
    """

    PUBLISHED = (414, 2010)

    @staticmethod
    def _folders(data_root: str, tree: LocalTree = LOCAL) -> Iterator[Tuple[List[str], Dict[str, str]]]:
        """The images of each folder, and its masks by stem."""
        for folder in tree.folders(data_root):
            files = tree.images(folder)
            masks = {stem(p): p for p in files if stem(p).endswith(MASK)}
            yield [p for p in files if stem(p) not in masks], masks

    @classmethod
    def looks_like(cls, data_root: str) -> bool:
        return any(stem(p).endswith(ORIGINAL) for images, _ in cls._folders(data_root) for p in images)

    @classmethod
    def mask_files(cls, data_root: str, tree: LocalTree = LOCAL) -> List[str]:
        return [p for _, masks in cls._folders(data_root, tree) for p in masks.values()]

    def list_entries(self) -> List[Dict]:
        return [self.entry(p, 0) if stem(p).endswith(ORIGINAL) else self.entry(p, 1, masks.get(stem(p) + MASK))
                for images, masks in self._folders(self.data_root, self.tree) for p in images]
