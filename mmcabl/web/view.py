"""What the browser gets of a photograph: pictures as data, so that no file is written and none is fetched."""

import base64
from typing import Any, Dict, List, Sequence

import cv2
import numpy as np

from mmcabl.images import upright
from mmcabl.images.drawing import heat
from mmcabl.reports.about import MAP_FLAGGED, MAP_OTHER
from mmcabl.reports.entries import FLAGGED, MEANING, NOT_FLAGGED
from mmcabl.structures import ForensicSample
from mmcabl.web.grid import seen_box, seen_point, seen_size

#: Longer side in px of the photograph and its mask, of the map, and of the small picture in the list.
PICTURE_SIDE, MAP_SIDE, THUMB_SIDE = 1400, 700, 96


def as_data(picture: np.ndarray, kind: str = '.png', quality: int = 90) -> str:
    """A picture, (H, W) uint8 or (H, W, 3) uint8 RGB, as a ``data:`` address."""
    picture = picture[..., ::-1] if picture.ndim == 3 else picture
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if kind == '.jpg' else []
    done, coded = cv2.imencode(kind, np.ascontiguousarray(picture), options)
    if not done:
        raise ValueError(f'OpenCV cannot write a picture of {picture.shape} as {kind}.')
    return f'data:image/{"jpeg" if kind == ".jpg" else "png"};base64,{base64.b64encode(coded.tobytes()).decode()}'


def palette() -> List[List[int]]:
    """Red, green and blue of each of the 256 values of a map, the report's colours."""
    return heat(np.linspace(0, 1, 256, dtype=np.float32)[None])[0].tolist()


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture whose longer side is ``side`` px at most."""
    height, width = picture.shape[:2]
    factor = min(1., side / max(height, width))
    if factor == 1:
        return picture
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def thumb(sample: ForensicSample) -> str:
    """The small picture of the list; '' where the file could not be read."""
    if sample.picture is None:
        return ''
    return as_data(upright(shrunk(sample.picture, THUMB_SIDE), sample.orientation), '.jpg', 80)


def view_of(sample: ForensicSample, threshold: float, prompts: Sequence[str] = ()) -> Dict[str, Any]:
    """A sample for the browser, everything as it is seen, upright.

    Args:
        threshold: of the map, that the mask was made with.
        prompts: which are shown, of ``box``, ``positive`` and ``negative``.

    Returns:
        ``photo`` (JPEG), ``map`` (PNG, 8 bits, white is 1) and ``mask`` (PNG, white is manipulated, or None) as
        ``data:`` addresses; ``width`` and ``height`` of the photograph in px; ``box`` (left, top, right, bottom),
        ``positive`` and ``negative`` (x, y) in parts of them or None; ``share``, of the mask, from 0 to 1; ``score``,
        ``flagged``, ``note``, and the report's words on the verdict (``meaning``) and the map (``about_map``).
    """
    picture, cam = sample.required('picture'), sample.required('cam')
    size = picture.shape[1], picture.shape[0]
    turn = sample.orientation
    width, height = seen_size(size, turn)
    shown = {name: value for name, value in (sample.prompts or {}).items() if name in prompts}
    found = sample.mask
    return dict(
        photo=as_data(upright(shrunk(picture, PICTURE_SIDE), turn), '.jpg'),
        map=as_data(upright(np.rint(shrunk(cam, MAP_SIDE) * 255).astype(np.uint8), turn)),
        mask=None if found is None else as_data(upright(_shrunk_mask(found), turn)),
        share=None if found is None else float(found.mean()),
        width=width, height=height, threshold=threshold, score=sample.score, flagged=bool(sample.flagged),
        meaning=MEANING[FLAGGED if sample.flagged else NOT_FLAGGED], note=sample.note,
        about_map=MAP_FLAGGED if sample.flagged else MAP_OTHER,
        box=_box_parts(shown.get('box'), size, turn, width, height),
        **{name: _point_parts(shown.get(name), size, turn, width, height) for name in ('positive', 'negative')})


def _shrunk_mask(mask: np.ndarray) -> np.ndarray:
    small = shrunk(mask.astype(np.uint8) * 255, PICTURE_SIDE)
    return np.where(small > 127, 255, 0).astype(np.uint8)


def _box_parts(box, size, turn, width, height):
    if box is None:
        return None
    x0, y0, x1, y1 = seen_box(box, size, turn)
    return [x0 / width, y0 / height, (x1 + 1) / width, (y1 + 1) / height]


def _point_parts(point, size, turn, width, height):
    if point is None:
        return None
    x, y = seen_point(point, size, turn)
    return [(x + 0.5) / width, (y + 0.5) / height]
