"""How far an exported file is from the model it was made of."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

import cv2
import numpy as np
import torch
from torch import nn

from mmcabl.models.localizers.scales import limit_of

Function = Callable[[np.ndarray], Tuple[np.ndarray, np.ndarray]]
#: What an export has to keep to: of scores, and of maps in units of their largest value.
TOLERANCE = 1e-4
#: (height, width): the least, even, odd, flat, tall.
SIZES = ((32, 32), (160, 160), (97, 131), (33, 250), (211, 64))


#: Of scales ``'within N'`` the largest N that is compared; the work grows with its square.
LARGEST = 2048


def sizes_for(model: nn.Module) -> Tuple[Tuple[int, int], ...]:
    """``SIZES``, and for scales ``'within N'`` a narrow one that they shrink."""
    limits = [limit for limit in map(limit_of, model.scales) if limit and limit <= LARGEST]
    return SIZES + (((max(limits) + 31, 96), ) if limits else ())


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: smooth colours, and noise that differs between the halves."""
    rng = np.random.default_rng(seed)
    smooth = cv2.resize(rng.integers(40, 216, (6, 6, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, 1, (height, width, 3)) * np.where(np.arange(width) < width // 2, 3., 9.)[None, :, None]
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def reference(model: nn.Module) -> Function:
    """The model itself: its own preprocessing, test scales and maps."""
    def run(image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        pixels = torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).permute(2, 0, 1)
        given = model.data_preprocessor(dict(inputs=[pixels], data_samples=None), False)['inputs']
        with torch.no_grad():
            scores, maps = model.localize(given, [image.shape[:2]])
        return scores[:, -1].numpy(), maps[0].numpy()[None]
    return run


def exported(path: Path, kind: str) -> Function:
    """A written file, run by its own runtime."""
    if kind == 'onnx':
        from mmcabl.apis.exported import open_session
        session = open_session(str(path))
        return lambda image: tuple(session.run(['score', 'map'], {'image': image[None]}))
    content = BytesIO(path.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # TorchScript is on its way out, says torch
        network: Any = torch.jit.load(content) if kind == 'torchscript' else torch.export.load(content).module()

    def run(image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            score, cam = network(torch.from_numpy(image)[None])
        return score.numpy(), cam.numpy()
    return run


def differences(one: Function, other: Function, sizes: Sequence[Tuple[int, int]]) -> List[Dict[str, Any]]:
    """For each size: ``score``, ``map``: the largest differences, that of the map as a part of its largest value."""
    found = []
    for number, (height, width) in enumerate(sizes):
        image = picture(height, width, number)
        (score, cam), (score_2, cam_2) = one(image), other(image)
        found.append(dict(height=height, width=width, score=float(abs(score - score_2).max()),
                          map=float(abs(cam - cam_2).max() / max(abs(cam).max(), 1e-12))))
    return found


def checked(rows: Sequence[Dict[str, Any]], name: str) -> Sequence[Dict[str, Any]]:
    """The rows themselves.

    Raises:
        ValueError: one is beyond :data:`TOLERANCE`, or not a number.
    """
    for row in rows:
        if not max(row['score'], row['map']) <= TOLERANCE:
            raise ValueError(f'{name} differs from PyTorch at {row["height"]} x {row["width"]} px by '
                             f'{row["score"]:.1e} in the score and {row["map"]:.1e} in the map; {TOLERANCE:g} is '
                             'allowed.')
    return rows
