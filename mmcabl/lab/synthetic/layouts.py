"""Native layouts of the benchmark data sets, written: names of files and encodings of masks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Optional, Tuple

import cv2
import numpy as np

#: index, forgery (None: authentic) -> path of the image, path of its mask
Names = Callable[[int, Optional[str]], Tuple[str, str]]


def _casia(images: str, truth: str, prefix: str, folders: Dict[bool, str]) -> Names:
    """Names as CASIA's: ``.._D_...`` is spliced from another image, ``.._S_...`` from the same."""

    def names(index: int, forgery: Optional[str]) -> Tuple[str, str]:
        if forgery is None:
            return f'{images}/Au/Au_syn_{index:05d}.jpg', ''
        spliced = forgery == 'splicing'
        stem = (f'{prefix}_{"D" if spliced else "S"}_NNN_S_N_syn{index:05d}_syn{index:05d}_{index:05d}')
        inner = f'{folders[spliced]}/' if folders else ''
        return f'{images}/Tp/{inner}{stem}.jpg', f'{truth}/{inner}{stem}_gt.png'

    return names


def _columbia(index: int, forgery: Optional[str]) -> Tuple[str, str]:
    if forgery is None:
        return f'4cam_auth/synthetic_{index:05d}.tif', ''
    stem = f'synthetic_synthetic_{index:05d}'
    return f'4cam_splc/{stem}.tif', f'4cam_splc/edgemask/{stem}_edgemask.jpg'


def _coverage(index: int, forgery: Optional[str]) -> Tuple[str, str]:
    number = index // 2 + 1
    return f'image/{number}{"t" if forgery else ""}.tif', f'mask/{number}forged.tif'


def _imd2020(index: int, forgery: Optional[str]) -> Tuple[str, str]:
    folder = f'syn{index // 2:04d}'
    if forgery is None:
        return f'{folder}/{folder}_orig.jpg', ''
    return f'{folder}/c{index:05d}_0.jpg', f'{folder}/c{index:05d}_0_mask.png'


def _white(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.uint8) * 255


def _rgba(mask: np.ndarray) -> np.ndarray:
    """White on black with alpha 255 everywhere, as masks saved by image editors are."""
    return np.dstack([_white(mask)] * 3 + [np.full(mask.shape, 255, np.uint8)])


def _edge(mask: np.ndarray) -> np.ndarray:
    """Green where spliced, red elsewhere, both brighter along the border, as Columbia's edge masks."""
    picture = np.zeros((*mask.shape, 3), np.uint8)
    border = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    picture[..., 1] = np.where(mask, np.where(border, 255, 200), 0)
    picture[..., 2] = np.where(mask, 0, np.where(border, 255, 200))
    return picture


def _write_picture(path: Path, picture: np.ndarray) -> None:
    """``cv2.imwrite`` for paths of any name."""
    path.write_bytes(cv2.imencode(path.suffix, picture)[1].tobytes())


@dataclass(frozen=True)
class Layout:
    """Where images and masks go, and how a mask (H, W) bool becomes a picture."""

    names: Names
    picture: Callable[[np.ndarray], np.ndarray] = _white

    def write(self, root: Path, index: int, forgery: Optional[str], jpeg: np.ndarray,
              mask: Optional[np.ndarray]) -> Tuple[str, Optional[str]]:
        """Write one image, given as JPEG bytes, and its mask; returns their paths below ``root``.

        Where the layout has TIFF files, the decoded JPEG is stored without further loss.
        """
        image, truth = self.names(index, forgery)
        target = root / image
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == '.jpg':
            target.write_bytes(jpeg.tobytes())
        else:
            _write_picture(target, cv2.imdecode(jpeg, cv2.IMREAD_COLOR))
        if mask is None:
            return image, None
        (root / truth).parent.mkdir(parents=True, exist_ok=True)
        _write_picture(root / truth, self.picture(mask))
        return image, truth


#: name of the registered data set -> its layout
LAYOUTS: Dict[str, Layout] = {
    'CASIAv2': Layout(_casia('CASIA 2.0', 'CASIA 2 Groundtruth', 'Tp', {})),
    'CASIAv1': Layout(_casia('CASIA 1.0 dataset', 'CASIA 1.0 groundtruth', 'Sp', {True: 'Sp', False: 'CM'}), _rgba),
    'Columbia': Layout(_columbia, _edge),
    'COVERAGE': Layout(_coverage),
    'IMD2020': Layout(_imd2020, _rgba),
}
