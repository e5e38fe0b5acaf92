"""The photographs that forgeries are made of: found, read, and replaced where they cannot be read."""

from collections import OrderedDict
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from mmcabl.images import IMAGE_EXTENSIONS, is_image, read_image, shown

#: Pixels that a worker keeps decoded: many photographs of a usual size, or one of the largest.
KEPT = 100_000_000


def find_photographs(folder: Union[str, Path]) -> List[Path]:
    """Every image file below ``folder``, sorted.

    Raises:
        FileNotFoundError: the folder is missing or holds no image.
    """
    folder = Path(folder)
    found = sorted(p for p in folder.rglob('*') if is_image(p.name) and not p.is_dir())
    if not found:
        raise FileNotFoundError(f'No photographs in {shown(folder)}: a folder with {", ".join(IMAGE_EXTENSIONS)} '
                                'files is needed.')
    return found


class Photographs:
    """Reads photographs and keeps some of them decoded; one for each worker.

    Args:
        paths: all there are.
        max_pixels: of :func:`mmcabl.images.read_image`.

    Attributes:
        bad: path -> the sentence of what could not be read.
    """

    def __init__(self, paths: Sequence[str], max_pixels: Optional[int] = None) -> None:
        self.paths, self.max_pixels, self.bad = list(paths), max_pixels, {}
        self._kept: Dict[str, np.ndarray] = OrderedDict()

    def read(self, path: str) -> Optional[np.ndarray]:
        """A photograph (H, W, 3) uint8 BGR as stored, or None if it cannot be read."""
        if path in self.bad:
            return None
        if path not in self._kept:
            try:
                self._kept[path] = read_image(path, self.max_pixels)
            except ValueError as error:
                self.bad[path] = str(error)
                return None
            while len(self._kept) > 1 and sum(p.shape[0] * p.shape[1] for p in self._kept.values()) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(path)
        return self._kept[path]

    def draw(self, first: int, seed: Sequence[int], other: str = '') -> Tuple[str, np.ndarray]:
        """The photograph ``first``, or in its place one that depends on the seed alone, and not ``other`` if it can.

        Raises:
            ValueError: none can be read.
        """
        path = self.paths[first]
        photo = self.read(path)
        if photo is None:
            order = [self.paths[i] for i in np.random.default_rng(seed).permutation(len(self.paths))]
            order.sort(key=lambda p: p == other)
            path, photo = next(((p, self.read(p)) for p in order if self.read(p) is not None), (path, None))
        if photo is None:
            raise ValueError(f'None of the {len(self.paths)} photographs can be read; the first: '
                             f'{self.bad[self.paths[0]]}')
        return path, photo
