"""What people are shown of one photograph: it, its map, its mask, upright and no larger than a screen needs."""

import io
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmcabl.images import upright
from mmcabl.images.drawing import draw_prompts, heat, tint

if TYPE_CHECKING:
    from mmcabl.structures import ForensicSample

#: Longer sides in px: of the page's pictures, of an overlay's panels.
PAGE_SIDE, PANEL_SIDE = 960, 640
PAPER, INK, FAINT = (255, 255, 255), (25, 28, 33), (95, 102, 112)


def layers(sample: 'ForensicSample', side: int) -> Dict[str, np.ndarray]:
    """``photo``, ``map`` and, if there is one, ``mask``: (h, w, 3) uint8 RGB, upright, longer side at most ``side``.

    The map of a flagged photograph is in colours, half transparent over it, with its prompts. That of another is grey
    and without prompts: its white is only the place that the model minds most, in an authentic photograph too.
    """
    photo, cam = sample.required('picture'), sample.required('cam')
    factor = min(1., side / max(photo.shape[:2]))
    size = tuple(max(1, round(n * factor)) for n in photo.shape[1::-1])
    small, faint = (cv2.resize(np.ascontiguousarray(a), size, interpolation=cv2.INTER_AREA) for a in (photo, cam))
    found = dict(photo=small)
    if sample.flagged:
        found['map'] = (0.5 * small + 0.5 * heat(np.clip(faint, 0, 1))).astype(np.uint8)
        if sample.prompts:
            found['map'] = draw_prompts(found['map'], _scaled(sample.prompts, size, photo.shape))
    else:
        found['map'] = np.repeat(np.rint(np.clip(faint, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
    if sample.mask is not None:
        mask = cv2.resize(sample.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        found['mask'] = tint(small, mask.astype(bool))
    return {name: upright(picture, sample.orientation) for name, picture in found.items()}


def _scaled(prompts: Dict, size: Sequence[int], shape: Sequence[int]) -> Dict:
    """Prompts on a grid of another size (width, height)."""
    factors = size[0] / shape[1], size[1] / shape[0]
    return {name: value and [min(size[i % 2] - 1, int(v * factors[i % 2])) for i, v in enumerate(value)]
            for name, value in prompts.items()}


def jpeg(picture: np.ndarray, quality: int = 88) -> bytes:
    """(h, w, 3) uint8 RGB as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, 'JPEG', quality=quality)
    return buffer.getvalue()


def captioned(panels: Dict[str, np.ndarray], headings: Dict[str, str], lines: Sequence[str]) -> np.ndarray:
    """Panels side by side under their headings, and lines of text below: a picture that explains itself.

    Args:
        panels: of one height, (h, w, 3) uint8 RGB.
        headings: for each panel.
        lines: the first is set larger; what is too long is broken.

    Returns:
        (H, W, 3) uint8 RGB, at least 720 px wide.
    """
    height = next(iter(panels.values())).shape[0]
    large, small = _font(18), _font(14)
    widths = [max(panel.shape[1], 230) for panel in panels.values()]
    width = max(720, sum(widths) + 12 * (len(panels) + 1))
    text: List[tuple] = [(part, font) for i, line in enumerate(lines) for font in [small if i else large]
                         for part in _broken(_drawable(line), font, width - 24)]
    page = Image.new('RGB', (width, 34 + height + 16 + 24 * len(text)), PAPER)
    draw, left = ImageDraw.Draw(page), 12
    for (name, panel), wide in zip(panels.items(), widths):
        draw.text((left, 10), headings[name], FAINT, small)
        page.paste(Image.fromarray(np.ascontiguousarray(panel)), (left, 34))
        left += wide + 12
    for i, (line, font) in enumerate(text):
        draw.text((12, 34 + height + 10 + 24 * i), line, INK if font is large else FAINT, font)
    return np.asarray(page)


def _font(size: int) -> ImageFont.ImageFont:
    try:
        return ImageFont.load_default(size)
    except (TypeError, OSError, ImportError):  # Pillow below 10.1, or without FreeType: one size
        return ImageFont.load_default()


def _drawable(text: str) -> str:
    """Letters that Pillow's own font has; the page has all of them."""
    return ''.join(c if ord(c) < 0x17f else '?' for c in text)


def _broken(line: str, font: ImageFont.ImageFont, width: int) -> List[str]:
    """A line in parts that are not wider than ``width`` px; a word that is too long is cut, too."""
    parts, rest = [], line
    while rest:
        count = len(rest)
        while count > 1 and font.getlength(rest[:count]) > width:
            count = min(count - 1, max(1, int(count * width / font.getlength(rest[:count]))))
        space = rest.rfind(' ', 1, count)
        cut = count if count == len(rest) or space < 1 else space
        parts.append(rest[:cut])
        rest = rest[cut:].lstrip()
    return parts


def page_layers(sample: 'ForensicSample') -> Dict[str, bytes]:
    """:func:`layers` as JPEG files for the page."""
    return {name: jpeg(picture, 80) for name, picture in layers(sample, PAGE_SIDE).items()}


def overlay_file(sample: 'ForensicSample', headings: Dict[str, str], lines: Sequence[str]) -> Optional[bytes]:
    """:func:`captioned` panels of a photograph as a JPEG file."""
    return jpeg(captioned(layers(sample, PANEL_SIDE), headings, lines))
