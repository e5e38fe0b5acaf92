from dataclasses import replace
from pathlib import Path
from typing import Dict

from mmcabl.lab.quickstart import quickstart_stages as quickstart
from mmcabl.lab.runs.work_folders import existing, folder_for, made_for
from mmcabl.version import __version__

#: What is forged in each set, as in the real ones.
KINDS_OF_FORGERY = {
    'CASIAv2': ('copy-move', 'splicing'), 'CASIAv1': ('copy-move', 'splicing'), 'Columbia': ('splicing',),
    'COVERAGE': ('copy-move',), 'IMD2020': ('copy-move', 'splicing', 'removal')}
TRAINING = 'CASIAv2'
#: Told by noise alone: a network of three blocks from nothing learns that in minutes.
RECIPE = replace(quickstart.RECIPE, traces=('noise',))


def make_sets(folder: Path, train_images: int, test_images: int, seed: int = 0) -> Path:
    """Write ``CASIAv2`` for training and the four test sets, half of each forged, unless they are there.

    Training and test sets are made from disjoint photographs. Returns where they are: ``folder``, or a folder beside
    it where ``folder`` holds sets of other sizes.
    """
    folder = folder_for(folder, _wanted(train_images, test_images, seed))
    for number, (name, forgeries) in enumerate(KINDS_OF_FORGERY.items()):
        split, count = ('train', train_images) if name == TRAINING else ('test', test_images)
        quickstart.synthetic(folder / name, split, count, seed + number, replace(RECIPE, forgeries=forgeries), name)
    return folder


def find_sets(folder: Path, train_images: int, test_images: int, seed: int = 0) -> Path:
    """Where :func:`make_sets` put them, or would."""
    return existing(folder, _wanted(train_images, test_images, seed)) or folder


def is_synthetic(folder: Path) -> bool:
    """Whether a folder of data sets holds any that were made here."""
    return any(made_for(place) is not None for place in (folder, *(folder / name for name in KINDS_OF_FORGERY)))


def _wanted(train_images: int, test_images: int, seed: int) -> Dict:
    return dict(what='data of the rehearsal', train_images=train_images, test_images=test_images, seed=seed,
                mmcabl=__version__)
