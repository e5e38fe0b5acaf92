"""What all data sets of manipulated images have in common."""

from pathlib import Path
from typing import Dict, List, Optional, Union

from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from mmcabl.registry import DATASETS

IMAGE_EXTENSIONS = ('.jpg', '.jpeg', '.png', '.tif', '.tiff', '.bmp')


def list_images(folder: Union[str, Path]) -> List[Path]:
    """Image files right in ``folder`` (extensions in any case), sorted; [] if there is no such folder."""
    folder = Path(folder)
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_EXTENSIONS)


@DATASETS.register_module()
class ForgeryDataset(BaseDataset):
    """Base class: images with the label authentic (0) or manipulated (1) and, for testing, a mask path.

    A subclass lists its images in :meth:`list_entries`. Masks are listed by name only:
    nothing opens them unless the pipeline has ``mmcabl.LoadForgeryMask``.

    Args:
        data_root: folder of the data set.
        **kwargs: of mmpretrain's ``BaseDataset``: ``pipeline``, ``test_mode``, ``lazy_init``, ...

    Raises:
        FileNotFoundError: no image was found.
    """

    METAINFO = dict(classes=('authentic', 'manipulated'))

    def __init__(self, data_root: str = '', **kwargs) -> None:
        kwargs.setdefault('ann_file', '')
        super().__init__(data_root=data_root, **kwargs)

    @staticmethod
    def entry(image: Union[str, Path], label: int, mask: Optional[Union[str, Path]] = None) -> Dict:
        """One image of the list; ``mask=None``: authentic, or manipulated with its truth unknown."""
        return dict(img_path=str(image), gt_label=label, gt_mask_path=None if mask is None else str(mask))

    def list_entries(self) -> List[Dict]:
        """The subclass's images, each made with :meth:`entry`."""
        raise NotImplementedError

    def load_data_list(self) -> List[Dict]:
        """The entries; says in a sentence that there is none, or that a class is missing."""
        entries = self.list_entries()
        name = f'{type(self).__name__} at {self.data_root or "(no data_root)"}'
        if not entries:
            raise FileNotFoundError(f'{name} has no images; its folders must look like the tree in its '
                                    f'documentation: help(mmcabl.datasets.{type(self).__name__}).')
        labels = {entry['gt_label'] for entry in entries}
        if len(labels) == 1:
            only = self.METAINFO['classes'][labels.pop()]
            print_log(f'{name} has {only} images only; a classifier cannot learn from it, and I-AUC is '
                      'undefined on it.', logger='current', level=30)
        return entries
