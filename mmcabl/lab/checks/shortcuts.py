"""What tells the classes of a data set apart without a pixel: quantisation tables, sizes, formats, subsampling."""

import os
from collections import Counter
from dataclasses import dataclass
from math import log, sqrt
from pathlib import Path
from typing import Any, Dict, Hashable, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
from PIL import Image, JpegImagePlugin

from mmcabl.evaluation.image_auc import ImageAUC
from mmcabl.images.headers import OTHERS

FORMATS = ('JPEG', 'PNG', 'TIFF', *OTHERS)
#: What is looked at, with the words for it.
TRACES = {'tables': 'quantisation tables', 'size': 'sizes', 'format': 'formats', 'sampling': 'chroma subsampling'}
FOLDS = 5
#: A value in fewer of the other folds' files says nothing: of pairs of equal size it would say the opposite.
RARE = 5
#: A shortcut is at least so far from chance, and so many standard errors of chance.
LEAST, ERRORS = 0.03, 4.


@dataclass(frozen=True)
class Shortcut:
    """How well the files alone tell manipulated from authentic images.

    Attributes:
        auc: of all traces together, on files that were not looked at before (cross-validated): 0.5 is chance.
        aucs: of each trace alone, by the keys of :data:`TRACES`.
        error: standard error of such an AUC where nothing is to be told.
        images: (authentic, manipulated) files whose headers were read.
        common: of each trace (authentic, manipulated) the commonest value and its share.
    """

    auc: float
    aucs: Dict[str, float]
    error: float
    images: Tuple[int, int]
    common: Dict[str, List[Tuple[str, float]]]

    @property
    def found(self) -> bool:
        """Whether there is one."""
        return self.auc > 0.5 + max(LEAST, ERRORS * self.error)

    @property
    def sentence(self) -> str:
        """What to think of it."""
        each = ', '.join(f'{TRACES[key]} {value:.3f}' for key, value in self.aucs.items())
        if self.found:
            return (f'a shortcut: headers, no pixel, tell manipulated from authentic images with an AUC of '
                    f'{self.auc:.3f} ({each}), so a classifier can learn that in place of forgery; report I-AUC also '
                    'with every image saved again at one quality and size')
        return (f'no shortcut in the headers: they tell the classes apart with an AUC of {self.auc:.3f} ({each}; '
                f'chance 0.5 with a standard error of {self.error:.3f})')


def header_traces(path: Union[str, Path]) -> Optional[Dict[str, Hashable]]:
    """What a file's header says, by the keys of :data:`TRACES`; None where it cannot be read. Nothing is decoded."""
    if not os.path.isfile(path):  # a pipe would be waited for
        return None
    Image.init()
    try:
        with open(path, 'rb') as file:
            start = file.read(16)
            name = next((n for n in FORMATS if n in Image.OPEN and Image.OPEN[n][1](start) is True), None)
            if name is None:
                return None
            file.seek(0)
            opened = Image.OPEN[name][0](file, str(path))  # not Image.open: its warnings hang on a global
            found = dict(tables=None, size=opened.size, format=name, sampling=None)
            if isinstance(opened, JpegImagePlugin.JpegImageFile):
                found.update(tables=tuple((k, tuple(v)) for k, v in sorted(opened.quantization.items())),
                             sampling=tuple(layer[1:3] for layer in opened.layer))
            return found
    except Exception:  # noqa: B902 - Pillow's parsers raise anything on a hostile header
        return None


def find_shortcut(paths: Sequence[Union[str, Path]], labels: Sequence[int], seed: int = 0) -> Optional[Shortcut]:
    """The AUC of headers alone for files with labels (0 authentic, 1 manipulated); None for too few of a class.

    Each file gets the log-odds of its values among the other folds' files, summed over traces; values that are
    rare there say nothing. The AUC is the mean over :data:`FOLDS` folds, so a value of one file alone earns nothing,
    and where all files are alike it is 0.5.
    """
    read = [(header_traces(path), int(label)) for path, label in zip(paths, labels)]
    kept = [(traces, label) for traces, label in read if traces is not None]
    y = np.array([label for _, label in kept], int)
    counts = int((y == 0).sum()), int((y == 1).sum())
    if min(counts) < 2 * FOLDS:
        return None
    fold = _folds(y, seed)
    columns = {key: [traces[key] for traces, _ in kept] for key in TRACES}
    odds = {key: _odds(values, y, fold) for key, values in columns.items()}
    aucs = {key: _mean_auc(score, y, fold) for key, score in odds.items()}
    common = {key: [_commonest([v for v, label in zip(values, y) if label == wanted]) for wanted in (0, 1)]
              for key, values in columns.items()}
    error = sqrt((len(y) + 1) / (12 * counts[0] * counts[1]))
    return Shortcut(_mean_auc(sum(odds.values()), y, fold), aucs, error, counts, common)


def _folds(y: np.ndarray, seed: int) -> np.ndarray:
    """A fold for each file, as many of each class in each."""
    fold, rng = np.empty(len(y), int), np.random.default_rng(seed)
    for label in (0, 1):
        where = rng.permutation(np.flatnonzero(y == label))
        fold[where] = np.arange(len(where)) % FOLDS
    return fold


def _odds(values: Sequence[Hashable], y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """log P(value | manipulated) / P(value | authentic) from the other folds, one count added to either."""
    score = np.zeros(len(y))
    for number in range(FOLDS):
        away: List[Mapping[Any, int]] = [Counter(v for v, label, f in zip(values, y, fold) if label == wanted
                                                 and f != number) for wanted in (0, 1)]
        sizes = [sum(c.values()) for c in away]
        for i in np.flatnonzero(fold == number):
            seen = [c[values[i]] for c in away]
            if sum(seen) >= RARE:
                score[i] = log((seen[1] + 1) / (sizes[1] + 1)) - log((seen[0] + 1) / (sizes[0] + 1))
    return score


def _mean_auc(score: np.ndarray, y: np.ndarray, fold: np.ndarray) -> float:
    return float(np.mean([ImageAUC.calculate(score[fold == k], y[fold == k]) for k in range(FOLDS)]))


def _commonest(values: Sequence[Hashable]) -> Tuple[str, float]:
    value, count = Counter(values).most_common(1)[0]
    if isinstance(value, tuple) and value and isinstance(value[0], tuple) and len(value[0]) == 2 \
            and isinstance(value[0][1], tuple):
        value = f'first step {value[0][1][0]}'
    return str(value), count / len(values)
