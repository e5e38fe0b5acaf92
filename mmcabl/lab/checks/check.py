import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple, Type

import numpy as np

from mmcabl.datasets import COVERAGE, IMD2020, CASIAv1, CASIAv2, Columbia, ForgeryDataset, ForgeryFolders
from mmcabl.datasets.benchmarks.casia import running_number
from mmcabl.lab.checks.inspection import Inspected, inspect_all
from mmcabl.lab.checks.shortcuts import Shortcut, find_shortcut

#: In this order: CASIA v1 and v2 differ in the names of their folders of masks.
KNOWN: Dict[str, Type[ForgeryDataset]] = {
    cls.__name__: cls for cls in (CASIAv1, CASIAv2, Columbia, COVERAGE, IMD2020, ForgeryFolders)}
#: The public lists lack up to 18 of a data set's published images; more than this part of them is another data set.
MISSING = 0.01


@dataclass
class Findings:
    """All that was found in a root.

    Attributes:
        published: (authentic, manipulated) as published, None where nothing was.
        stray_masks: mask files that belong to no image, each with the image that has its number, if there is
            exactly one and it has no mask: a name with a mistake in it.
        duplicates: groups of images with the same pixels.
        partial: the root may hold a part of what was published.
        shortcut: what the files' headers say of the classes; None for too few files.
    """

    dataset: str
    root: str
    published: Optional[Tuple[int, int]]
    images: List[Inspected]
    stray_masks: List[Tuple[str, Optional[str]]] = field(default_factory=list)
    duplicates: List[List[Inspected]] = field(default_factory=list)
    partial: bool = False
    shortcut: Optional[Shortcut] = None

    @property
    def counts(self) -> Tuple[int, int]:
        """Authentic and manipulated images."""
        forged = sum(i.label for i in self.images)
        return len(self.images) - forged, forged

    @property
    def unreadable(self) -> List[str]:
        """One sentence for each broken image or mask."""
        return [e for i in self.images for e in (i.error, i.mask_error) if e]

    @property
    def without_mask(self) -> List[Inspected]:
        """Manipulated images whose truth is not there."""
        return [i for i in self.images if i.label == 1 and i.mask is None]

    @property
    def wrong_size(self) -> List[Inspected]:
        """Images whose mask has another size; ``fitted`` says what readers do with it."""
        return [i for i in self.images if i.fitted]

    @property
    def unusable(self) -> List[Inspected]:
        """Images that do not count for the score of their kind; ``why_unusable`` says why."""
        return [i for i in self.images if i.why_unusable]

    @property
    def missing(self) -> int:
        """How many of the published images are not there, or cannot be read."""
        readable = [i.label for i in self.images if not i.error]
        return sum(max(0, there - readable.count(label)) for label, there in enumerate(self.published or ()))

    @property
    def all_ones(self) -> Tuple[float, int]:
        """P-F1 of the mask that marks everything, 2 a / (1 + a) for an area a, and the images it is a mean of."""
        areas = np.array([i.area for i in self.images if i.label == 1 and i.area is not None and not i.error])
        return float((2 * areas / (1 + areas)).mean()) if len(areas) else float('nan'), len(areas)

    @property
    def odd_masks(self) -> List[Inspected]:
        """Masks that mark nothing or everything: wrongly encoded, or read by the wrong rule."""
        return [i for i in self.images if i.area is not None and not 0 < i.area < 1]

    @property
    def problems(self) -> List[str]:
        """Why the root is not usable as it is; [] if it is."""
        authentic, forged = self.counts
        found = []
        if not authentic or not forged:
            found.append(f'there are no {"authentic" if not authentic else "manipulated"} images')
        if forged and len(self.without_mask) == forged:
            found.append('no manipulated image has a mask')
        if not self.partial and self.missing > MISSING * sum(self.published or ()):
            there = sum(self.published) - self.missing
            found.append(f'only {there:,} of the {sum(self.published):,} published images can be used')
        if self.unreadable:
            found.append(f'{len(self.unreadable)} files cannot be read')
        if self.odd_masks and len(self.odd_masks) == sum(i.area is not None for i in self.images):
            found.append('every mask marks nothing or everything')
        return found


def recognize(root: str) -> str:
    """Name of the data set whose native layout a folder has.

    Raises:
        FileNotFoundError: it is no folder.
        ValueError: it looks like none of those known; the sentence says which these are.
    """
    if not os.path.isdir(root):
        raise FileNotFoundError(f'{root} is not a folder.')
    for name, cls in KNOWN.items():
        if cls.looks_like(root):
            return name
    raise ValueError(f'{root} looks like none of {", ".join(KNOWN)}; help(mmcabl.datasets.CASIAv2) and its siblings '
                     'show their folders. Lists need no checker: mmcabl.ForgeryList checks every path.')


def check_root(root: str, name: Optional[str] = None, workers: Optional[int] = None,
               progress: bool = True, partial: bool = False, max_pixels: Optional[int] = None) -> Findings:
    """Read everything in a root and compare it with what was published.

    Args:
        name: of :data:`KNOWN`; recognized by default.
        workers: threads; all cores by default.
        partial: the root may hold a part of what was published.
        max_pixels: larger images count as unreadable; 100 megapixels by default.
    """
    name = name or recognize(root)
    cls = KNOWN[name]
    data = cls(data_root=root, pipeline=[], serialize_data=False)
    entries = [data.get_data_info(i) for i in range(len(data))]
    images = inspect_all(entries, f'Reading {name}', workers, progress, max_pixels)
    used = {i.mask for i in images}
    stray = [path for path in cls.mask_files(root) if path not in used]
    return Findings(name, root, cls.published_at(root), images, _with_candidates(stray, images), _duplicates(images),
                    partial, find_shortcut([i.path for i in images], [i.label for i in images]))


def check_headers(root: str, name: Optional[str] = None) -> Tuple[str, Optional[Shortcut]]:
    """The data set's name, and what its headers alone say of the classes; decodes nothing, so it takes seconds."""
    name = name or recognize(root)
    data = KNOWN[name](data_root=root, pipeline=[], serialize_data=False)
    entries = [data.get_data_info(i) for i in range(len(data))]
    return name, find_shortcut([e['img_path'] for e in entries], [e['gt_label'] for e in entries])


def _with_candidates(stray: List[str], images: List[Inspected]) -> List[Tuple[str, Optional[str]]]:
    lone: Dict[str, List[str]] = defaultdict(list)
    for image in images:
        if image.label == 1 and image.mask is None:
            lone[running_number(image.path)].append(image.path)
    lone.pop('', None)
    candidates = [lone.get(running_number(path), []) for path in stray]
    return [(path, images[0] if len(images) == 1 else None) for path, images in zip(stray, candidates)]


def _duplicates(images: List[Inspected]) -> List[List[Inspected]]:
    groups: Dict[str, List[Inspected]] = defaultdict(list)
    for image in images:
        if image.pixels:
            groups[image.pixels].append(image)
    return [group for group in groups.values() if len(group) > 1]
