import os
from typing import Dict, List

from mmcabl.datasets.forgery_dataset import ForgeryDataset
from mmcabl.datasets.trees import LOCAL, LocalTree
from mmcabl.images import stem
from mmcabl.registry import DATASETS


@DATASETS.register_module()
class Columbia(ForgeryDataset):
    """Columbia's uncompressed splicing data as it unpacks: 183 authentic and 180 spliced images.

    ::

        data_root
        |-- 4cam_auth                     *.tif                  authentic
        `-- 4cam_splc                     *.tif                  spliced
            `-- edgemask                  <stem>_edgemask.jpg    green is the spliced region
                                          <stem>_edgemask_3.jpg, with a blue band, not used

    The edge masks are coloured JPEGs, not masks: red and green regions with brighter edges and JPEG noise in
    between. A pixel is manipulated where green exceeds red and blue by 64 grey levels. Arguments: of
    :class:`ForgeryDataset`.
    """

    PUBLISHED = (183, 180)
    MASK_RULE = 'green'
    AUTHENTIC, SPLICED, TRUTH = '4cam_auth', '4cam_splc', '4cam_splc/edgemask'

    @classmethod
    def looks_like(cls, data_root: str) -> bool:
        return os.path.isdir(os.path.join(data_root, cls.SPLICED))

    @classmethod
    def mask_files(cls, data_root: str, tree: LocalTree = LOCAL) -> List[str]:
        return [p for p in tree.images(os.path.join(data_root, cls.TRUTH)) if stem(p).endswith('_edgemask')]

    def list_entries(self) -> List[Dict]:
        masks = {stem(p): p for p in self.mask_files(self.data_root, self.tree)}
        entries = [self.entry(p, 0) for p in self.tree.images(os.path.join(self.data_root, self.AUTHENTIC))]
        return entries + [self.entry(p, 1, masks.get(stem(p) + '_edgemask'))
                          for p in self.tree.images(os.path.join(self.data_root, self.SPLICED))]
