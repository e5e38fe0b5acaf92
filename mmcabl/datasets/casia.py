"""CASIA v2, the training set of the paper, and CASIA v1, one of its four test sets."""

import os
from typing import Dict, List

from mmcabl.datasets.forgery_dataset import ForgeryDataset, list_images, stem
from mmcabl.registry import DATASETS


@DATASETS.register_module()
class CASIAv2(ForgeryDataset):
    """CASIA v2 as it unpacks: 7,491 authentic and 5,123 manipulated images.

    ::

        data_root
        |-- CASIA 2.0
        |   |-- Au                        *.jpg, *.bmp           authentic
        |   `-- Tp                        *.jpg, *.tif           manipulated
        `-- CASIA 2 Groundtruth           <stem of Tp>_gt.png    white is manipulated

    ``Au`` and ``Tp`` may also lie right in ``data_root``. A manipulated image without its mask (there are
    some) counts for the image score, not for pixel metrics. ``mmcabl.synthetic`` writes this
    layout too. Arguments: of :class:`ForgeryDataset`.
    """

    PUBLISHED = (7491, 5123)
    IMAGES, TRUTH, KINDS = 'CASIA 2.0', 'CASIA 2 Groundtruth', ('',)

    @classmethod
    def base(cls, data_root: str) -> str:
        """The folder that holds ``Au`` and ``Tp``."""
        inner = os.path.join(data_root, cls.IMAGES)
        return inner if os.path.isdir(inner) else data_root

    @classmethod
    def looks_like(cls, data_root: str) -> bool:
        base = cls.base(data_root)
        return os.path.isdir(os.path.join(base, 'Tp')) and os.path.isdir(os.path.join(data_root, cls.TRUTH))

    @classmethod
    def mask_files(cls, data_root: str) -> List[str]:
        return [p for kind in cls.KINDS for p in list_images(os.path.join(data_root, cls.TRUTH, kind))]

    def list_entries(self) -> List[Dict]:
        """Read the folders' listings."""
        base = self.base(self.data_root)
        entries = [self.entry(p, 0) for p in list_images(os.path.join(base, 'Au'))]
        for kind in self.KINDS:
            masks = {stem(p): p for p in list_images(os.path.join(self.data_root, self.TRUTH, kind))}
            entries += [self.entry(p, 1, masks.get(stem(p) + '_gt'))
                        for p in list_images(os.path.join(base, 'Tp', kind))]
        return entries


@DATASETS.register_module()
class CASIAv1(CASIAv2):
    """CASIA v1 as it unpacks: 800 authentic and 920 manipulated images.

    ::

        data_root
        |-- CASIA 1.0 dataset             (or right in data_root)
        |   |-- Au                        *.jpg, *.JPG           authentic
        |   `-- Tp
        |       |-- CM                    *.jpg                  copy-move
        |       `-- Sp                    *.jpg                  splicing
        `-- CASIA 1.0 groundtruth
            |-- CM                        <stem>_gt.png          white is manipulated
            `-- Sp                        <stem>_gt.png

    Arguments: of :class:`ForgeryDataset`.
    """

    PUBLISHED = (800, 920)
    IMAGES, TRUTH, KINDS = 'CASIA 1.0 dataset', 'CASIA 1.0 groundtruth', ('CM', 'Sp')
