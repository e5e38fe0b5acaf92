import os
import re
from typing import Dict, List

from mmcabl.datasets.forgery_dataset import ForgeryDataset
from mmcabl.datasets.trees import LOCAL, LocalTree
from mmcabl.images import list_images, stem
from mmcabl.registry import DATASETS


@DATASETS.register_module()
class COVERAGE(ForgeryDataset):
    """COVERAGE as it unpacks: 100 authentic images, each with its copy-move forgery.

    ::

        data_root
        |-- image                         <n>.tif                authentic
        |                                 <n>t.tif               manipulated
        `-- mask                          <n>forged.tif          white is manipulated
                                          <n>copy.tif, <n>paste.tif, not used

    Arguments: of :class:`ForgeryDataset`.
    """

    PUBLISHED = (100, 100)

    @classmethod
    def looks_like(cls, data_root: str) -> bool:
        return any(re.fullmatch(r'\d+t', stem(p)) for p in list_images(os.path.join(data_root, 'image')))

    @classmethod
    def mask_files(cls, data_root: str, tree: LocalTree = LOCAL) -> List[str]:
        return [p for p in tree.images(os.path.join(data_root, 'mask')) if stem(p).endswith('forged')]

    def list_entries(self) -> List[Dict]:
        """Read the folders' listings, in the order of the numbers."""
        masks = {stem(p)[:-len('forged')]: p for p in self.mask_files(self.data_root, self.tree)}
        found = {}
        for path in self.tree.images(os.path.join(self.data_root, 'image')):
            number = re.fullmatch(r'(\d+)(t?)', stem(path))
            if number:
                found[(int(number[1]), number[2])] = path
        return [self.entry(path, int(bool(forged)), masks.get(str(number)) if forged else None)
                for (number, forged), path in sorted(found.items())]
