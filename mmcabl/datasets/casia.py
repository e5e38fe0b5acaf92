"""CASIA v2."""

from pathlib import Path
from typing import Dict, List

from mmengine.logging import print_log

from mmcabl.datasets.forgery_dataset import ForgeryDataset, list_images
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
    layout too.

    Args:
        data_root: the folder above.
        ann_file: a text file that selects images: one path relative to ``data_root`` a line, or CAT-Net's
            ``image,mask,jpeg`` lines, of which the first column is used. All images by default.
        **kwargs: of :class:`ForgeryDataset`.
    """

    TRUTH = 'CASIA 2 Groundtruth'

    def list_entries(self) -> List[Dict]:
        """Read folder listings and, if there is one, the list of selected images."""
        root = Path(self.data_root)
        base = root / 'CASIA 2.0' if (root / 'CASIA 2.0').is_dir() else root
        masks = {p.stem: p for p in list_images(root / self.TRUTH)}
        entries = [self.entry(p, 0) for p in list_images(base / 'Au')]
        forged = list_images(base / 'Tp')
        entries += [self.entry(p, 1, masks.get(p.stem + '_gt')) for p in forged]
        lacking = sum(p.stem + '_gt' not in masks for p in forged)
        if lacking:
            print_log(f'{lacking} of {len(forged)} manipulated images in {base / "Tp"} have no mask '
                      f'<name>_gt.png in {root / self.TRUTH}; they do not count for pixel metrics.',
                      logger='current', level=30)
        return self._select(entries, root) if self.ann_file else entries

    def _select(self, entries: List[Dict], root: Path) -> List[Dict]:
        known = {entry['img_path']: entry for entry in entries}
        selected = []
        with open(self.ann_file) as file:
            for number, line in enumerate(file, 1):
                name = line.strip().split(',')[0]
                if not name:
                    continue
                if str(root / name) not in known:
                    raise FileNotFoundError(f'{self.ann_file}, line {number}: {name} is not an image of the '
                                            f'data set at {root}.')
                selected.append(known[str(root / name)])
        return selected
