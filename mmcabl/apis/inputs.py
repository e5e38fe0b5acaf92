"""What an inferencer may be given, as single images: paths, folders, lists, arrays, PIL images, batches of them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Tuple

import numpy as np
from PIL import Image

from mmcabl.apis.image_sources import paths_of
from mmcabl.images import IMAGE_EXTENSIONS, full_scale, is_photograph
from mmcabl.images.decoding import pixel_limit
from mmcabl.utils.names import to_text

LISTS = ('.txt', '.lst', '.list')
ACCEPTED = ('a path (image, folder, or a .txt list of paths), an (H, W, 3) or (H, W) array, a PIL image, or lists of '
            'these')
_EXIF_ORIENTATION = 274


@dataclass(frozen=True)
class Given:
    """One image: ``content`` is its absolute path, an array or a PIL image; ``source`` its path or ''."""

    content: Any
    source: str = ''


def given_images(inputs: Any) -> List[Given]:
    """Every single image in what is given, in its order.

    Arrays are (H, W, 3) RGB or (H, W) uint8 on the stored grid; (N, H, W, 3) is a batch.

    Raises:
        FileNotFoundError: a path that is not there, a folder or list without images.
        TypeError, ValueError: something that is none of these.
    """
    return list(_flat(inputs))


def _flat(inputs: Any) -> Iterator[Given]:
    if isinstance(inputs, (str, os.PathLike)):
        yield from (Given(path, path) for path in _paths(Path(inputs)))
    elif isinstance(inputs, Image.Image):
        yield Given(inputs, str(getattr(inputs, 'filename', '') or ''))
    elif isinstance(inputs, np.ndarray):
        batch = inputs if inputs.ndim == 4 else [inputs]
        yield from (Given(checked_array(array)) for array in batch)
    elif isinstance(inputs, (list, tuple)):
        for part in inputs:
            yield from _flat(part)
    else:
        raise TypeError(f'An inferencer was given a {type(inputs).__name__}; it accepts {ACCEPTED}.')


def _paths(path: Path) -> List[str]:
    if path.is_dir():
        found, _ = photographs_in(path)
        if not found:
            raise FileNotFoundError(f'{to_text(str(path))} has no photographs ({", ".join(IMAGE_EXTENSIONS)}, ...).')
        return found
    if not os.path.lexists(path):
        raise FileNotFoundError(f'{to_text(str(path))} is not there; accepted are {ACCEPTED}.')
    return list(paths_of(path)) if path.suffix.lower() in LISTS else [os.path.abspath(path)]


def photographs_in(folder: Path, leave_out: Optional[Callable[[str], bool]] = None) -> Tuple[List[str], List[str]]:
    """Absolute paths of the photographs below a folder, in the order of names; and of what was passed over.

    That is every other file, hidden ones (``._x.jpg`` is none), and folders that cannot be searched.

    Args:
        leave_out: which folders are passed over as a whole.
    """
    found: List[str] = []
    others: List[str] = []
    for place, inner, files in os.walk(os.path.abspath(folder), onerror=lambda e: others.append(str(e.filename))):
        if leave_out is not None and leave_out(place):
            inner.clear()
            continue
        inner.sort()
        for name in sorted(files):
            (found if is_photograph(name) else others).append(os.path.join(place, name))
    return found, others


def checked_array(array: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a picture as it may be given.

    Raises:
        ValueError: another shape or type, no pixels, or more than agreed.
    """
    shape = array.shape
    if array.dtype != np.uint8 or not (array.ndim == 2 or (array.ndim == 3 and shape[2] == 3)) or not array.size:
        raise ValueError(f'An inferencer was given an array of {array.dtype} {shape}; accepted are (H, W, 3) RGB and '
                         '(H, W), uint8.')
    if shape[0] * shape[1] > pixel_limit():
        raise ValueError(f'An array of {shape[1]} x {shape[0]} px has more than the limit of {pixel_limit() / 1e6:g} '
                         'megapixels (MMCABL_MAX_PIXELS in the environment).')
    return np.repeat(array[..., None], 3, axis=2) if array.ndim == 2 else array


def pixels_and_orientation(content: Any) -> Tuple[np.ndarray, int]:
    """(H, W, 3) uint8 RGB of an array or a PIL image, and EXIF's orientation: PIL does not turn what it opens.

    Raises:
        ValueError: the picture cannot be had, whatever PIL raises.
    """
    if isinstance(content, np.ndarray):
        return checked_array(content), 1
    try:
        checked_size = content.size[0] * content.size[1] <= pixel_limit()
        if not checked_size:
            raise ValueError(f'it has more than {pixel_limit() / 1e6:g} megapixels')
        orientation = int(content.getexif().get(_EXIF_ORIENTATION, 1))
        if content.mode in ('F', 'I') or content.mode.startswith('I;16'):
            deep = np.asarray(content)
            array = np.clip(np.rint(deep.astype(np.float64) * (255 / full_scale(deep))), 0, 255).astype(np.uint8)
        else:
            array = np.asarray(content.convert('RGB'))
    except Exception as error:  # noqa: B902 - PIL raises anything on a hostile file, and it reads late
        raise ValueError(f'PIL cannot decode {to_text(str(getattr(content, "filename", "") or "an image"))}: '
                         f'{type(error).__name__}: {" ".join(str(error).split())[:200]}') from None
    return checked_array(array), orientation if orientation in range(1, 9) else 1
