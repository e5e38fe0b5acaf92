"""CAT-Net's inputs: a file's own DCT coefficients beside its pixels, and crops that keep them in step."""

from typing import Optional, Sequence, Tuple, Union

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from mmcabl.images import read_file, shown
from mmcabl.images.coefficients import BLOCK, SIGNATURE, compressed, jpeglib_module, luma_coefficients
from mmcabl.images.decoding import most_bytes
from mmcabl.registry import TRANSFORMS

DCT_SOURCES = ('file', 'pixels')


@TRANSFORMS.register_module()
class LoadDCT(BaseTransform):
    """Read the quantised luma coefficients and their table, behind the step that loads the image.

    A JPEG file gives its own. Any other is saved at quality 100 without subsampling in memory, as CAT-Net's public
    code does, and ``img`` becomes what that decodes to. A file whose coefficients cannot be read is marked
    ``unreadable`` as by :class:`mmcabl.LoadForensicImage`; in training another image is drawn. Where a perturbation
    came before (Fig. 5, one quality for all images), the coefficients are those of the file that it saved, or of the
    pixels that it left.

    Adds ``dct`` (8 ceil(H / 8), 8 ceil(W / 8)) int16, each block's frequencies in its place, and ``qtable`` (8, 8)
    int32.

    Args:
        source: ``file``, or ``pixels``: save any image as above, for pixels that are no longer the file's.
        skip_unreadable: True in training pipelines.
        max_pixels: as of :class:`mmcabl.LoadForensicImage`.

    Raises:
        ImportError: jpeglib is not installed.
        ValueError: another source; in use: the image was resized or mirrored before.
    """

    def __init__(self, source: str = 'file', skip_unreadable: bool = False,
                 max_pixels: Optional[int] = None) -> None:
        if source not in DCT_SOURCES:
            raise ValueError(f'Unknown source {source!r} of LoadDCT; accepted are {", ".join(DCT_SOURCES)}.')
        jpeglib_module()
        self.source, self.skip_unreadable, self.max_pixels = source, skip_unreadable, max_pixels

    def transform(self, results: dict) -> Optional[dict]:
        picture = results['img']
        if tuple(picture.shape[:2]) != tuple(results['ori_shape'][:2]) or results.get('flip'):
            raise ValueError('LoadDCT comes behind a step that resizes or mirrors images; it belongs straight behind '
                             'the one that loads them.')
        if results.get('unreadable'):
            return {**results, **_nothing(picture)}
        try:
            data = self._file(results)
            if data is None:
                data, results['img'] = compressed(picture)
            results['dct'], results['qtable'] = luma_coefficients(data, picture.shape[:2])
        except ValueError as error:
            name = shown(results.get('img_path') or 'An image')
            reason = str(error) if str(error).startswith(name) else f'{name} has no DCT coefficients: {error}.'
            print_log(f'{reason} It is left out.', logger='current', level=30)
            if self.skip_unreadable:
                return None
            results.update(unreadable=True, reason=reason, **_nothing(picture))
        return results

    def _file(self, results: dict) -> Optional[bytes]:
        """The bytes of a JPEG file; None where pixels have to serve."""
        path = results.get('img_path')
        if self.source == 'pixels' or not path or 'saved_as' in results:
            return None if self.source == 'pixels' else results.get('saved_as')
        data = read_file(path, most_bytes(self.max_pixels), results.get('backend_args'))
        return data if data[:2] == SIGNATURE else None


def _nothing(picture: np.ndarray) -> dict:
    height, width = (-(-side // BLOCK) * BLOCK for side in picture.shape[:2])
    return dict(dct=np.zeros((height, width), np.int16), qtable=np.ones((BLOCK, BLOCK), np.int32))


@TRANSFORMS.register_module()
class GridCrop(BaseTransform):
    """Cut a random part from the 8 px grid of JPEG's blocks: image, truth and coefficients alike.

    A smaller image is filled up at its right and bottom as in CAT-Net's public code: with middle grey, 127.5, unknown
    truth (255) and coefficients of 0. ``img`` becomes float32, in units of 0 to 255.

    Args:
        crop_size: a side, or (height, width), multiples of 8.

    Raises:
        ValueError: another size.
    """

    FILL = dict(img=127.5, gt_seg_map=255, dct=0)

    def __init__(self, crop_size: Union[int, Sequence[int]] = 512) -> None:
        size = (crop_size, crop_size) if isinstance(crop_size, int) else tuple(crop_size)
        if len(size) != 2 or any(side < BLOCK or side % BLOCK for side in size):
            raise ValueError(f'crop_size of GridCrop is {crop_size!r}; accepted are multiples of {BLOCK}.')
        self.crop_size: Tuple[int, int] = size

    def transform(self, results: dict) -> dict:
        shape = results['img'].shape[:2]
        begin = [np.random.randint(max(side - want, 0) + 1) // BLOCK * BLOCK  # noqa: NPY002 - as mmcv's steps
                 for side, want in zip(shape, self.crop_size)]
        results['img'] = results['img'].astype(np.float32)
        for key, fill in self.FILL.items():
            if key in results:
                results[key] = self._cut(results[key], begin, fill)
        results['img_shape'] = self.crop_size
        return results

    def _cut(self, array: np.ndarray, begin: Sequence[int], fill: float) -> np.ndarray:
        (top, left), (height, width) = begin, self.crop_size
        part = array[top:top + height, left:left + width]
        missing = [(0, want - have) for want, have in zip(self.crop_size, part.shape)]
        return np.pad(part, missing + [(0, 0)] * (part.ndim - 2), constant_values=fill)
