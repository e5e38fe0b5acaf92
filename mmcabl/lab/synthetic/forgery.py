from dataclasses import dataclass, field, replace
from typing import Dict, Optional, Sequence, Tuple

import cv2
import numpy as np

from mmcabl.lab.synthetic.pasting import Pasted, Pasting, alter, cut_window, paste, prepare_host
from mmcabl.lab.synthetic.processing import TRACES, add_noise, apply_trace, draw_trace, encode_jpeg
from mmcabl.lab.synthetic.regions import random_region

FORGERIES = ('copy-move', 'splicing', 'removal')


@dataclass(frozen=True)
class ForgeryRecipe:
    """What is drawn at random for each image; every pair is (least, most).

    Attributes:
        size: side of the square images in px.
        zoom: by how much a photograph is shrunk at most before the crop: 1 keeps its pixels.
        area: part of the image that is forged.
        forgeries: kinds of forgery, drawn uniformly: ``copy-move``, ``splicing``, ``removal``.
        traces: processing that differs inside, drawn uniformly: ``noise``, ``jpeg``, ``resample``,
            ``blur``; empty: none.
        strength: of these traces, 0 to 1.
        blend: part of the forgeries whose border is feathered.
        noise: global noise (grey levels), of authentic and forged images alike.
        quality: of the saved JPEG, of authentic and forged images alike.
        pasting: plain forgeries as people make them, in place of traces: see :class:`Pasting`. ``area`` is then the
            part of its canvas.
    """

    size: int = 256
    zoom: Tuple[float, float] = (0.6, 1.0)
    area: Tuple[float, float] = (0.06, 0.25)
    forgeries: Sequence[str] = FORGERIES
    traces: Sequence[str] = TRACES
    strength: float = 1.0
    blend: float = 0.4
    noise: Tuple[float, float] = (0.5, 3.0)
    quality: Tuple[int, int] = (85, 98)
    pasting: Optional[Pasting] = None

    def __post_init__(self) -> None:
        for given, accepted, name in ((self.forgeries, FORGERIES, 'forgery'), (self.traces, TRACES, 'trace')):
            unknown = sorted(set(given) - set(accepted))
            if unknown:
                raise ValueError(f'Unknown {name} {unknown[0]!r}; accepted are {", ".join(accepted)}.')
        if self.pasting and 'removal' in self.forgeries:
            raise ValueError(f'A forgery recipe with pasting was given forgeries={list(self.forgeries)}; accepted '
                             'there are copy-move and splicing.')
        if self.size < 32 or not 0 <= self.strength <= 1 or not self.forgeries:
            raise ValueError(f'A forgery recipe needs size >= 32, 0 <= strength <= 1 and one forgery at least;'
                             f' given size={self.size}, strength={self.strength}, '
                             f'forgeries={list(self.forgeries)}.')


@dataclass
class SyntheticImage:
    """A finished image: JPEG bytes, mask (H, W) bool or None, and what was done to it."""

    jpeg: np.ndarray
    mask: Optional[np.ndarray]
    record: Dict = field(default_factory=dict)


def crop(photo: np.ndarray, recipe: ForgeryRecipe, rng: np.random.Generator) -> np.ndarray:
    """A random square of a photograph (H, W, 3), shrunk by a random zoom and mirrored at random."""
    size = recipe.size
    low = size / min(photo.shape[:2])  # below this the photograph would not fill the crop
    zoom = max(low, rng.uniform(*recipe.zoom))
    side = min(int(round(size / zoom)), *photo.shape[:2])
    y, x = (int(rng.integers(0, n - side + 1)) for n in photo.shape[:2])
    cut = photo[y:y + side, x:x + side]
    if side != size:
        cut = cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_CUBIC)
    return np.ascontiguousarray(cut[:, ::-1] if rng.random() < 0.5 else cut)


def make_image(photo: np.ndarray, donor: np.ndarray, manipulated: bool, recipe: ForgeryRecipe,
               rng: np.random.Generator) -> SyntheticImage:
    """One image from a photograph, and from a donor if it is spliced (BGR, uint8).

    Global noise and compression are drawn from the same ranges for both labels, so neither gives the
    label away; noise is added before the forgery, as a sensor's is.
    """
    if recipe.pasting:
        return _plain(photo, donor, manipulated, recipe, recipe.pasting, rng)
    sigma, quality = rng.uniform(*recipe.noise), int(rng.integers(recipe.quality[0], recipe.quality[1] + 1))
    host = add_noise(crop(photo, recipe, rng), sigma, rng)
    record = dict(label=int(manipulated), noise=round(float(sigma), 3), quality=quality)
    mask = None
    if manipulated:
        kind = str(rng.choice(list(recipe.forgeries)))
        mask = random_region(rng, host.shape[:2], recipe.area)
        content = _picture_content(kind, host, donor, mask, recipe, rng)
        record['forgery'] = kind
        if recipe.traces and recipe.strength > 0:
            record['trace'] = draw_trace(rng, recipe.traces, recipe.strength)
            content = apply_trace(content, record['trace'], rng)
        record['feather'] = round(float(rng.uniform(1, 3)) if rng.random() < recipe.blend else 0., 3)
        record['area'] = round(float(mask.mean()), 4)
        host = _paste(host, content, mask, record['feather'])
    return SyntheticImage(encode_jpeg(host, quality), mask, record)


def _plain(photo, donor, manipulated: bool, recipe: ForgeryRecipe, how: Pasting, rng) -> SyntheticImage:
    """A forgery without added noise; what an authentic image has behind it, a forged one has too."""
    sigma, quality = rng.uniform(*recipe.noise), int(rng.integers(recipe.quality[0], recipe.quality[1] + 1))
    side = min(int(round(recipe.size * how.window)) // 8 * 8, *photo.shape[:2])
    canvas = replace(recipe, size=max(side, recipe.size))
    host = prepare_host(crop(photo, canvas, rng), how, rng)
    host = add_noise(host, sigma, rng) if sigma else host
    made = Pasted(host, None, dict(label=int(manipulated), noise=round(float(sigma), 3), quality=quality))
    if manipulated:
        kind = str(rng.choice(list(recipe.forgeries)))
        made.record['forgery'] = kind
        feather = round(float(rng.uniform(0.4, 2)) if rng.random() < recipe.blend else 0., 3)
        shift, source = (0., 0.), donor
        if kind == 'copy-move':
            angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 0.5) * canvas.size
            shift, source = (far * np.cos(angle), far * np.sin(angle)), None
        content = alter(host if source is None else crop(source, canvas, rng), how, rng, shift)
        done = paste(host, content, recipe.area, how, rng, feather)
        made = Pasted(done.image, done.mask, dict(made.record, feather=feather))
    made = cut_window(made, recipe.size, how.visible, rng)
    if manipulated:
        made.record['area'] = round(float(made.mask.mean()), 4)
    return SyntheticImage(encode_jpeg(made.image, quality), made.mask, made.record)


def _picture_content(kind: str, host, donor, mask, recipe: ForgeryRecipe, rng) -> np.ndarray:
    """What is put where the mask is, as a whole image."""
    if kind == 'splicing':
        return crop(donor, recipe, rng)
    if kind == 'removal':
        return cv2.inpaint(host, cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)), 3,
                           cv2.INPAINT_TELEA)
    # copy-move: every pixel of the region comes from the same distance away, inside the image
    shift = []
    for axis, length in enumerate(mask.shape):
        inside = np.flatnonzero(mask.any(1 - axis))
        shift.append(_far_shift(rng, -int(inside[0]), length - 1 - int(inside[-1])))
    return np.roll(host, (-shift[0], -shift[1]), axis=(0, 1))


def _far_shift(rng: np.random.Generator, low: int, high: int) -> int:
    """A shift in [low, high], low <= 0 <= high, from the farther half of the longer side."""
    reach = low if -low > high else high
    return int(rng.integers(min(reach // 2, reach), max(reach // 2, reach) + 1))


def _paste(host: np.ndarray, content: np.ndarray, mask: np.ndarray, feather: float) -> np.ndarray:
    alpha = mask.astype(np.float32)
    if feather:
        alpha = cv2.GaussianBlur(alpha, (0, 0), feather)
    alpha = alpha[..., None]
    return np.clip(np.rint(content * alpha + host * (1 - alpha)), 0, 255).astype(np.uint8)
