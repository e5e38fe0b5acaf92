"""SAM's image encodings on disk, shared by prompt kinds, tables, checkpoints and processes."""

import hashlib
from pathlib import Path
from typing import Callable, List, Sequence, Union

import numpy as np
import torch
from torch import Tensor, nn

from mmcabl.utils.files import replacing


class EncodingCache:
    """A folder of encodings, one ``.npy`` for each image, named by the pixels and the encoder's weights.

    Args:
        folder: made when missing.
        encoder: whose encodings they are; other weights or another precision never meet.
        dtype: the encoder computes in.
    """

    def __init__(self, folder: Union[str, Path], encoder: nn.Module, dtype: torch.dtype) -> None:
        digest = hashlib.sha256(str(dtype).encode())
        for name, value in sorted(encoder.state_dict().items()):
            bits = value.detach().cpu().contiguous().flatten().view(torch.uint8)
            digest.update(name.encode())
            digest.update(bits.numpy().data)
        self.folder = Path(folder) / digest.hexdigest()[:12]
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
        return [found[i] for i in range(len(images))]


def _load(path: Path):
    try:
        return torch.from_numpy(np.load(path))
    except (OSError, ValueError, EOFError):
        return None  # not there, or damaged: made again


def _save(path: Path, encoding: Tensor) -> None:
    with replacing(path) as part, open(part, 'wb') as file:
        np.save(file, encoding.cpu().numpy())
