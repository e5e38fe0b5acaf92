"""Plain forgeries as people make them: what is pasted was resized, turned, toned, sharpened, compressed elsewhere."""

from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

import cv2
import numpy as np

from mmcabl.lab.synthetic.processing import through_jpeg
from mmcabl.lab.synthetic.regions import object_region, random_region

Pair = Tuple[float, float]


@dataclass(frozen=True)
class Pasting:
    """What may differ inside a plain forgery. Every pair is (least, most).

    What a host has behind it and how the image is saved are drawn from the same ranges for both labels.

    Attributes:
        scale: of what is pasted.
        turn: of what is pasted, degrees to either side at most.
        tone: change of brightness (grey levels), and in hundredths of contrast and of each colour, at most.
        sharpness: sigma in px of a blur (to the most), or of an unsharp mask where negative (to the least).
        quality: of a JPEG compression of the donor before, on a grid of its own.
        plain: part of the forgeries in which neither of these differs: cut out and put in.
        objects: part of the regions that follow what is to be seen in the donor, not a shape drawn blindly.
        window: the image is a window of a canvas of so many times its side, so regions may leave it.
        visible: part of that window which is forged.
        history: quality of a JPEG compression of the host before, of authentic and forged images alike.
        soft: part of images, authentic and forged alike, blurred or sharpened as a whole.
    """

    scale: Pair = (0.5, 1.6)
    turn: float = 25.
    tone: float = 25.
    sharpness: Pair = (-1., 1.2)
    quality: Pair = (50, 98)
    plain: float = 0.3
    objects: float = 0.5
    window: float = 2.
    visible: Pair = (0.08, 0.65)
    history: Pair = (70, 100)
    soft: float = 0.2


@dataclass
class Pasted:
    """An image (H, W, 3) before it is saved, its mask (H, W) bool or None, and what was done."""

    image: np.ndarray
    mask: Optional[np.ndarray]
    record: Dict = field(default_factory=dict)


def prepare_host(host: np.ndarray, how: Pasting, rng: np.random.Generator) -> np.ndarray:
    """What authentic and forged images have behind them alike: a compression, sometimes a blur or sharpening."""
    if rng.random() < 0.7:
        host = through_jpeg(host, int(rng.uniform(*how.history)))
    return sharpen(host, rng.uniform(-0.8, 0.8)) if rng.random() < how.soft else host


def sharpen(image: np.ndarray, amount: float) -> np.ndarray:
    """Blurred by ``amount`` px where positive, an unsharp mask of that weight where negative."""
    if abs(amount) < 0.05:
        return image
    if amount > 0:
        return cv2.GaussianBlur(image, (0, 0), amount)
    return cv2.addWeighted(image, 1 - amount, cv2.GaussianBlur(image, (0, 0), 1), amount, 0)


def alter(content: np.ndarray, how: Pasting, rng: np.random.Generator, shift: Pair = (0., 0.)) -> np.ndarray:
    """A whole canvas of what is pasted, moved by ``shift`` (x, y) px; its record is not kept: traces are many."""
    plain = rng.random() < how.plain
    size, turn = (1., 0.) if plain else (np.exp(rng.uniform(*np.log(how.scale))), rng.uniform(-1, 1) * how.turn)
    if rng.random() < 0.5:
        turn = 0.
    if rng.random() < 0.3:
        size = 1.
    height, width = content.shape[:2]
    if rng.random() < 0.6:
        top, left = (int(n) for n in rng.integers(0, 8, 2))  # a grid of its own
        content = np.roll(through_jpeg(np.roll(content, (top, left), (0, 1)), int(rng.uniform(*how.quality))),
                          (-top, -left), (0, 1))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, size)
    matrix[:, 2] += shift
    if size < 0.8:
        content = cv2.GaussianBlur(content, (0, 0), 0.35 / size)
    content = cv2.warpAffine(content, matrix, (width, height), flags=cv2.INTER_CUBIC if turn or size != 1
                             else cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    if plain:
        return content
    if rng.random() < 0.4:
        content = sharpen(content, rng.uniform(*how.sharpness))
    if rng.random() < 0.5:
        colour = 1 + rng.uniform(-how.tone, how.tone, 3) / 200 + rng.uniform(-how.tone, how.tone) / 100
        content = np.clip(content * colour + rng.uniform(-how.tone, how.tone), 0, 255).astype(np.uint8)
    return content


def paste(host: np.ndarray, content: np.ndarray, area: Pair, how: Pasting, rng: np.random.Generator,
          feather: float) -> Pasted:
    """Put a region of ``content`` into ``host``; both are canvases of one size."""
    mask = object_region(rng, content, area) if rng.random() < how.objects else None
    if mask is None:
        mask = random_region(rng, host.shape[:2], area)
    alpha = mask.astype(np.float32)
    if feather:
        alpha = cv2.GaussianBlur(alpha, (0, 0), feather)
    alpha = alpha[..., None]
    return Pasted(np.clip(np.rint(content * alpha + host * (1 - alpha)), 0, 255).astype(np.uint8), mask)


def cut_window(made: Pasted, size: int, visible: Pair, rng: np.random.Generator) -> Pasted:
    """A window of ``size`` px of a canvas, of which a part between ``visible`` is forged."""
    height, width = made.image.shape[:2]
    best = None
    for _ in range(24):
        y, x = (8 * int(rng.integers(0, (n - size) // 8 + 1)) for n in (height, width))
        at = np.s_[y:y + size, x:x + size]
        if made.mask is None:
            return Pasted(made.image[at], None, made.record)
        part = made.mask[at].mean()
        miss = max(visible[0] - part, part - visible[1], 0)
        if best is None or miss < best[0]:
            best = (miss, at)
        if not miss:
            break
    return Pasted(made.image[best[1]], made.mask[best[1]], made.record)
