"""Which files are images, by their names."""

import os
from pathlib import Path
from typing import List, Union

IMAGE_EXTENSIONS = ('.jpg', '.jpeg', '.png', '.tif', '.tiff', '.bmp')
#: Names that are taken for photographs in a folder, also of formats that are then refused in a sentence: a photograph
#: that was silently passed over would be taken for one that was checked.
PHOTOGRAPHS = (*IMAGE_EXTENSIONS, '.jpe', '.jfif', '.webp', '.gif', '.avif', '.jp2', '.dib', '.ppm', '.pgm', '.heic',
               '.heif', '.jxl', '.psd', '.dng', '.cr2', '.cr3', '.nef', '.arw', '.orf', '.rw2', '.raf')


def is_photograph(name: Union[str, Path]) -> bool:
    """Whether a file that somebody put into a folder is taken for a photograph; hidden ones (``._x.jpg``) are not."""
    name = os.path.basename(name)
    return name.lower().endswith(PHOTOGRAPHS) and not name.startswith('.')


def is_image(name: Union[str, Path]) -> bool:
    """Whether a file's name has an image's extension, in any case."""
    return os.path.splitext(name)[1].lower() in IMAGE_EXTENSIONS


def list_images(folder: Union[str, Path]) -> List[str]:
    """Paths of the image files right in ``folder``, sorted; [] without such a folder."""
    if not os.path.isdir(folder):
        return []
    with os.scandir(folder) as found:
        return sorted(f.path for f in found if is_image(f.name) and not is_folder(f))


def is_folder(entry: os.DirEntry) -> bool:
    """Whether it is a folder or a link to one; ``entry.is_dir`` raises where a link leads round in a circle."""
    return os.path.isdir(entry) if entry.is_symlink() else entry.is_dir()


def stem(path: Union[str, Path]) -> str:
    """File name without its extension."""
    return os.path.splitext(os.path.basename(path))[0]
