import hashlib
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Union

import numpy as np
import torch
from torch import Tensor, nn

from mmcabl.checkpoints.matching import weights_digest
from mmcabl.utils.files import replacing


class EncodingCache:
    """SAM's image encodings on disk, one ``.npy`` for each image, named by the pixels and the encoder's weights.

    Other weights or another precision, the ``dtype`` that the encoder computes in, never meet.
    """

    def __init__(self, folder: Union[str, Path], encoder: nn.Module, dtype: torch.dtype) -> None:
        self.folder = Path(folder) / weights_digest(encoder, str(dtype).encode())[:12]
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, image: np.ndarray) -> Path:
        """Where the encoding of an image (H, W, 3) uint8 lies."""
        digest = hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).hexdigest()
        return self.folder / digest[:2] / f'{digest}.npy'

    def get(self, images: Sequence[np.ndarray], encode: Callable[[List[np.ndarray]], Tensor]) -> List[Tensor]:
        """Encodings of the images, on any device; ``encode`` makes those that are missing, all at once."""
        paths = [self.path(image) for image in images]
        found = {i: _load(path) for i, path in enumerate(paths)}
        missing = [i for i, encoding in found.items() if encoding is None]
        if missing:
            for i, encoding in zip(missing, encode([images[i] for i in missing])):
                _save(paths[i], encoding)
                found[i] = encoding
        return [encoding for encoding in found.values() if encoding is not None]


def _load(path: Path) -> Optional[Tensor]:
    try:
        return torch.from_numpy(np.load(path))
    except (OSError, ValueError, EOFError):
        return None  # not there, or damaged: made again


def _save(path: Path, encoding: Tensor) -> None:
    with replacing(path) as part, open(part, 'wb') as file:
        np.save(file, encoding.cpu().numpy())
