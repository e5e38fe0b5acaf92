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


def object_region(rng: np.random.Generator, image: np.ndarray, area):
    """One connected region of similar colour and place in an image (H, W, 3), its outline smoothed.

    Returns:
        (H, W) bool, of a part within ``area`` (least, most) of the image, or None where there is none such.
    """
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(8, width // 4), max(8, height // 4)), interpolation=cv2.INTER_AREA)
    rows, columns = small.shape[:2]
    colour = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.5), cv2.COLOR_BGR2LAB).reshape(-1, 3)
    place = np.stack(np.mgrid[:rows, :columns], -1).reshape(-1, 2) * (rng.uniform(30, 90) / max(rows, columns))
    points = np.concatenate([colour, place], 1).astype(np.float32)
    count = int(rng.integers(4, 9))
    cv2.setRNGSeed(int(rng.integers(2 ** 31)))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 6, 1.0)
    labels = cv2.kmeans(points, count, None, stop, 1, cv2.KMEANS_PP_CENTERS)[1].reshape(rows, columns)
    for label in rng.permutation(count):
        one = cv2.morphologyEx((labels == label).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        number, parts, stats, _ = cv2.connectedComponentsWithStats(one)
        if number < 2:
            continue
        part = (parts == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).astype(np.float32)
        mask = cv2.GaussianBlur(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), (0, 0), 2) > 0.5
        if area[0] <= mask.mean() <= area[1]:
            return mask
    return None
