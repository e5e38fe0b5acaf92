"""Windows of a forgery and its host: the same place with and without the forgery, and the forgery's rest."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

import cv2
import numpy as np

from mmcabl.images import read_image
from mmcabl.lab.pairs.hosts import HostPair
from mmcabl.lab.synthetic.layouts import LAYOUTS
from mmcabl.lab.synthetic.processing import encode_jpeg

#: Grey levels by which a pixel differs once what compression did is left out.
CHANGED = 16


@dataclass(frozen=True)
class WindowRecipe:
    """What is cut; every pair is (least, most).

    Attributes:
        size: side of the windows in px.
        zoom: of the pixels, below 1 shrinks, of both windows alike.
        visible: part of a forged window that was changed.
        rest: part of the authentic windows that come from a forgery, away from what was changed: a forgery's
            compression as a whole then tells nothing.
        quality: of the saved JPEG, of authentic and forged windows alike.
        windows: pairs of windows of each pair of images.
    """

    size: int = 80
    zoom: Tuple[float, float] = (0.75, 1.)
    visible: Tuple[float, float] = (0.06, 0.7)
    rest: float = 0.5
    quality: Tuple[int, int] = (70, 98)
    windows: int = 4


def changed(host: np.ndarray, forged: np.ndarray) -> Optional[np.ndarray]:
    """What a forgery changed in its host, (H, W) bool; None where sizes differ or the change is no region.

    A region fills 0.5 to 50 % of the image, and outside of it the images agree to 5 grey levels on average.
    """
    if host.shape != forged.shape:
        return None
    difference = cv2.medianBlur(cv2.absdiff(host, forged).max(2), 5)
    mask = (difference > CHANGED).astype(np.uint8)
    for step in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN):
        mask = cv2.morphologyEx(mask, step, np.ones((5, 5), np.uint8))
    outside = cv2.dilate(mask, np.ones((9, 9), np.uint8)) == 0
    region = 0.005 < mask.mean() < 0.5 and outside.any() and difference[outside].mean() <= 5
    return mask.astype(bool) if region else None


def cut_pair(host: np.ndarray, forged: np.ndarray, mask: np.ndarray, recipe: WindowRecipe,
             rng: np.random.Generator) -> Optional[List[Tuple[np.ndarray, Optional[np.ndarray]]]]:
    """An authentic and a forged window, (size, size, 3) each, with the mask of the latter.

    Returns:
        ``[(authentic, None), (forged, mask)]``, or None where the images are too small.
    """
    side = int(round(recipe.size / rng.uniform(*recipe.zoom)))
    limits = [n - side for n in mask.shape]
    if min(limits) < 0:
        return None
    ys, xs = np.nonzero(mask)
    for _ in range(10):
        i = rng.integers(len(ys))
        corner = [int(np.clip(p - rng.integers(0, side), 0, m)) for p, m in zip((ys[i], xs[i]), limits)]
        at = np.s_[corner[0]:corner[0] + side, corner[1]:corner[1] + side]
        if recipe.visible[0] <= mask[at].mean() <= recipe.visible[1]:
            break
    plain = host[at]
    if rng.random() < recipe.rest:
        for _ in range(10):
            y, x = (int(rng.integers(0, m + 1)) for m in limits)
            if not mask[y:y + side, x:x + side].any():
                plain = forged[y:y + side, x:x + side]
                break
    fit = (recipe.size, recipe.size)
    small = cv2.resize(mask[at].astype(np.uint8), fit, interpolation=cv2.INTER_NEAREST).astype(bool)
    return [(cv2.resize(plain, fit, interpolation=cv2.INTER_AREA), None),
            (cv2.resize(forged[at], fit, interpolation=cv2.INTER_AREA), small)]


def write_windows(pairs: Sequence[HostPair], out_dir: Union[str, Path], recipe: Optional[WindowRecipe] = None,
                  seed: int = 0) -> List[Dict]:
    """Write windows of ``pairs`` in CASIA v2's layout, as many authentic as forged.

    Args:
        pairs: of :func:`mmcabl.lab.pairs.find_hosts`.
        out_dir: empty or missing.
        recipe: see :class:`WindowRecipe`.
        seed: of everything that is drawn.

    Returns:
        One record for each window, also in ``manifest.jsonl``.

    Raises:
        FileExistsError: ``out_dir`` is not empty.
    """
    root, recipe, records = Path(out_dir), recipe or WindowRecipe(), []
    if root.exists() and any(root.iterdir()):
        raise FileExistsError(f'{root} is not empty; give a new folder, or remove it first.')
    root.mkdir(parents=True, exist_ok=True)
    for number, pair in enumerate(pairs):
        host, forged = read_image(pair.host), read_image(pair.forged)
        mask = changed(host, forged)
        for turn in range(recipe.windows if mask is not None else 0):
            rng = np.random.default_rng([seed, number, turn])
            for image, part in cut_pair(host, forged, mask, recipe, rng) or ():
                quality = int(rng.integers(recipe.quality[0], recipe.quality[1] + 1))
                path, _ = LAYOUTS['CASIAv2'].write(root, len(records), None if part is None else 'splicing',
                                                   encode_jpeg(image, quality), part)
                records.append(dict(image=path, label=int(part is not None), host=Path(pair.host).name,
                                    forged=Path(pair.forged).name, quality=quality))
    (root / 'manifest.jsonl').write_text(''.join(json.dumps(r) + '\n' for r in records))
    (root / 'recipe.json').write_text(json.dumps(dict(seed=seed, **asdict(recipe)), indent=1))
    return records
