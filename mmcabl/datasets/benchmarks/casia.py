import os
import re
from typing import Dict, List, Optional, Tuple

from mmengine.logging import print_log

from mmcabl.datasets.forgery_dataset import ForgeryDataset
from mmcabl.datasets.trees import LOCAL, LocalTree
from mmcabl.images import shown, stem
from mmcabl.registry import DATASETS


@DATASETS.register_module()
class CASIAv2(ForgeryDataset):
    """CASIA v2, the paper's training set, as it unpacks: 7,491 authentic and 5,123 manipulated images.

    ::

        data_root
        |-- CASIA 2.0
        |   |-- Au                        *.jpg, *.bmp           authentic
        |   `-- Tp                        *.jpg, *.tif           manipulated
        `-- CASIA 2 Groundtruth           <stem of Tp>_gt.png    white is manipulated

    ``Au`` and ``Tp`` may also lie right in ``data_root``. A manipulated image without its mask (there are
    some) counts for the image score, not for pixel metrics. ``mmcabl.lab.synthetic`` writes this
    layout too. Arguments: of :class:`ForgeryDataset`.
    """

    PUBLISHED = (7491, 5123)
    IMAGES, TRUTH = 'CASIA 2.0', 'CASIA 2 Groundtruth'

    @classmethod
    def base(cls, data_root: str, tree: LocalTree = LOCAL) -> str:
        """The folder that holds ``Au`` and ``Tp``."""
        inner = os.path.join(data_root, cls.IMAGES)
        return inner if tree.is_folder(inner) else data_root

    @classmethod
    def forged_folders(cls, data_root: str, tree: LocalTree = LOCAL) -> List[str]:
        """The folders of manipulated images that are there."""
        return [f for f in [os.path.join(cls.base(data_root, tree), 'Tp')] if tree.is_folder(f)]

    @classmethod
    def looks_like(cls, data_root: str) -> bool:
        return bool(cls.forged_folders(data_root)) and os.path.isdir(os.path.join(data_root, cls.TRUTH))

    @classmethod
    def mask_files(cls, data_root: str, tree: LocalTree = LOCAL) -> List[str]:
        return tree.images(os.path.join(data_root, cls.TRUTH))

    def pair(self, images: List[str], masks: List[str]) -> Dict[str, str]:
        """Image -> its mask, for the manipulated images that have one."""
        by_name = {stem(path): path for path in masks}
        return {path: by_name[f'{stem(path)}_gt'] for path in images if f'{stem(path)}_gt' in by_name}

    def list_entries(self) -> List[Dict]:
        root, tree = self.data_root, self.tree
        forged = [p for folder in self.forged_folders(root, tree) for p in tree.images(folder)]
        truth = self.pair(forged, self.mask_files(root, tree))
        authentic = tree.images(os.path.join(self.base(root, tree), 'Au'))
        return [self.entry(p, 0) for p in authentic] + [self.entry(p, 1, truth.get(p)) for p in forged]


def running_number(path: str) -> str:
    """The digits at the end of a name, which CASIA's images and masks share where their names differ; '' for none."""
    found = re.search(r'(\d+)(_gt)?$', stem(path))
    return found[1] if found else ''


def source_photographs(path: str) -> set:
    """The photographs that a name of CASIA's says a forgery is made of, such as ``nat0019`` and ``cha0039``."""
    return set(re.findall(r'[a-z]{3}\d{4,5}(?=[_.])', stem(path)))


@DATASETS.register_module()
class CASIAv1(CASIAv2):
    """CASIA v1 in both of its forms: 800 authentic and 920 manipulated images, 921 in the original one.

    ::

        data_root
        |-- CASIA 1.0 dataset             (or right in data_root)
        |   |-- Au                        *.jpg, *.JPG           authentic
        |   |-- Tp                                               with corrected names:
        |   |   |-- CM                    *.jpg                  copy-move
        |   |   `-- Sp                    *.jpg                  splicing
        |   `-- Sp                        *.jpg                  or, in place of Tp, the original names
        `-- CASIA 1.0 groundtruth
            |-- CM                        <stem>_gt.png          white is manipulated
            `-- Sp                        <stem>_gt.png

    Masks bear the corrected names. Of the 921 original ones, 814 are theirs; 106 more images belong to the only mask
    left with their running number, which has one of their source photographs in its name; one has no mask.
    Arguments: of :class:`ForgeryDataset`.
    """

    PUBLISHED, ORIGINAL = (800, 920), (800, 921)
    IMAGES, TRUTH, KINDS = 'CASIA 1.0 dataset', 'CASIA 1.0 groundtruth', ('CM', 'Sp')

    @classmethod
    def forged_folders(cls, data_root: str, tree: LocalTree = LOCAL) -> List[str]:
        """``Tp/CM`` and ``Tp/Sp``, or the original ``Sp``."""
        base = cls.base(data_root, tree)
        corrected, original = [os.path.join(base, 'Tp', kind) for kind in cls.KINDS], [os.path.join(base, 'Sp')]
        there = [[f for f in folders if tree.is_folder(f)] for folders in (corrected, original)]
        return there[0] or there[1]

    @classmethod
    def published_at(cls, data_root: str) -> Optional[Tuple[int, int]]:
        original = cls.forged_folders(data_root) == [os.path.join(cls.base(data_root), 'Sp')]
        return cls.ORIGINAL if original else super().published_at(data_root)

    @classmethod
    def mask_files(cls, data_root: str, tree: LocalTree = LOCAL) -> List[str]:
        return [p for kind in cls.KINDS for p in tree.images(os.path.join(data_root, cls.TRUTH, kind))]

    def pair(self, images: List[str], masks: List[str]) -> Dict[str, str]:
        """By name, and what is left by running number."""
        found = super().pair(images, masks)
        lone: Dict[str, Tuple[List[str], List[str]]] = {}
        for i, paths in enumerate((set(images) - set(found), set(masks) - set(found.values()))):
            for path in sorted(paths):
                lone.setdefault(running_number(path), ([], []))[i].append(path)
        by_number = {image[0]: mask[0] for number, (image, mask) in lone.items()
                     if number and len(image) == len(mask) == 1
                     and source_photographs(image[0]) & source_photographs(mask[0])}
        if by_number:
            print_log(f'{len(by_number)} masks of CASIA v1 at {shown(self.data_root)} have other names than their '
                      'images and are paired by their running numbers.', logger='current')
        return {**found, **by_number}
