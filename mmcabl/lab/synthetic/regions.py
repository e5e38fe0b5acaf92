import cv2
import numpy as np

SHAPES = ('blob', 'ellipse', 'polygon')


def random_region(rng: np.random.Generator, shape, area, kind: str = '') -> np.ndarray:
    """One connected region, (height, width) bool.

    ``area`` is the (least, most) part of the image that is drawn; the region has 0.7 to 1.4 times as much. The kind
    is ``blob``, ``ellipse`` or ``polygon``; drawn at random by default.
    """
    height, width = shape
    kind = kind or str(rng.choice(SHAPES))
    target = rng.uniform(*area)
    for _ in range(20):
        mask = _DRAW[kind](rng, height, width, target)
        if 0.7 * target <= mask.mean() <= 1.4 * target:
            return mask
    return _ellipse(rng, height, width, target, margin=True)


def _radii(rng, height, width, target, stretch=2.0):
    aspect = np.exp(rng.uniform(-np.log(stretch), np.log(stretch)) / 2)
    radius = np.sqrt(target * height * width / np.pi)
    return min(radius * aspect, width / 2 - 1), min(radius / aspect, height / 2 - 1)


def _centre(rng, height, width, rx, ry):
    return (rng.uniform(rx, max(rx + 1, width - rx)), rng.uniform(ry, max(ry + 1, height - ry)))


def _ellipse(rng, height, width, target, margin=False):
    rx, ry = _radii(rng, height, width, target, 1.0 if margin else 2.0)
    cx, cy = _centre(rng, height, width, rx, ry)
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (int(cx), int(cy)), (max(1, int(rx)), max(1, int(ry))),
                0 if margin else rng.uniform(0, 180), 0, 360, 1, -1)
    return mask.astype(bool)


def _polygon(rng, height, width, target):
    rx, ry = _radii(rng, height, width, target * 1.3)
    cx, cy = _centre(rng, height, width, rx, ry)
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 9))))
    radii = rng.uniform(0.7, 1.15, len(angles))
    points = np.stack([cx + rx * radii * np.cos(angles), cy + ry * radii * np.sin(angles)], 1)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)
    return mask.astype(bool)


def _blob(rng, height, width, target):
    rx, ry = _radii(rng, height, width, target)
    cx, cy = _centre(rng, height, width, rx, ry)
    noise = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0),
                             max(4., 0.06 * min(height, width)))
    ys, xs = np.mgrid[:height, :width]
    field = 0.35 * noise / (noise.std() + 1e-6) - ((xs - cx) / rx) ** 2 - ((ys - cy) / ry) ** 2
    level = np.partition(field.ravel(), -max(1, int(target * field.size)))[-max(1, int(target * field.size))]
    count, labels, stats, _ = cv2.connectedComponentsWithStats((field >= level).astype(np.uint8))
    if count < 2:
        return np.zeros((height, width), bool)
    return labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())


_DRAW = {'blob': _blob, 'ellipse': _ellipse, 'polygon': _polygon}
