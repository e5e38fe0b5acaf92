from math import sqrt
from typing import Any, Dict, List, Optional

import numpy as np

from mmcabl.evaluation.per_image_metric import PerImageMetric, keys_of, mean_of
from mmcabl.evaluation.pixel_f1 import BINS, PixelF1
from mmcabl.evaluation.trivial_masks import trivial_masks
from mmcabl.registry import METRICS
from mmcabl.structures import ForensicSample
from mmcabl.structures.from_models import as_mask

#: What a mask, and what a map is worth; P-F1 and pixel AUC are PixelF1's numbers and are reported there.
OF_MASKS, OF_MAPS = ('p_f1', 'p_mcc', 'p_iou_authentic', 'p_miou'), ('p_auc', 'p_ap')
REPORTED_BY_PIXEL_F1 = ('p_f1', 'p_auc', 'p_f1_all_ones', 'p_f1_random')
#: The method's place is told in these.
RANKED = ('p_f1', 'p_mcc', 'p_miou', 'p_auc', 'p_ap')


@METRICS.register_module()
class PixelScores(PerImageMetric):
    """Localization by numbers that a trivial mask cannot win, and the method's rank among trivial masks.

    P-F1 favours large masks: where a fifth of an image is forged, marking everything has 0.33. Each number here is
    computed for each manipulated image whose truth is known, then averaged over these images. Reads what
    :class:`PixelF1` reads, and none of ``masks``.

    Args:
        trivial: score the masks of :func:`mmcabl.evaluation.trivial_masks` too, and rank the method among them.
        collect_device, prefix: as of any mmengine metric.

    Reports of the final mask ``p_mcc`` (Matthews' correlation in [-1, 1], 0 for every trivial mask on average),
    ``p_iou_authentic`` and ``p_miou`` (the mean of both classes' IoU; that of the manipulated one is PixelF1's
    ``p_iou``); of the map ``p_ap`` (average precision; its chance is the forged part of the image). With ``trivial``
    the same, P-F1 and pixel AUC with ``_all_ones``, ``_random`` and ``_centre`` behind them, and
    ``p_f1_rank``, ``p_mcc_rank``, ``p_miou_rank``, ``p_auc_rank``, ``p_ap_rank``: 1 is the best of the method and
    the three trivial masks by the mean over images, 4 the last; ties share their places. Conventions are
    scikit-learn's: 0 where a number is not defined, NaN for AP without a forged pixel.

    Examples:
        >>> truth = np.array([[True, True], [False, False]])
        >>> PixelScores.of_mask(truth, truth)['p_mcc'], PixelScores.of_mask(truth | True, truth)['p_mcc']
        (1.0, 0.0)
    """

    def __init__(self, trivial: bool = True, collect_device: str = 'cpu', prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.trivial = trivial

    @staticmethod
    def of_mask(pred: np.ndarray, target: np.ndarray) -> Dict[str, float]:
        """:data:`OF_MASKS` of a binary mask (H, W) against the truth (H, W)."""
        pred, target = as_mask(pred), as_mask(target)
        f1 = PixelF1.calculate(pred, target)  # checks the shapes
        marked, true, count = (int(np.count_nonzero(pred)), int(np.count_nonzero(target)), target.size)
        hits = int(np.count_nonzero(pred & target))
        kept = count - marked - true + hits  # authentic and not marked
        spread = marked * (count - marked) * true * (count - true)
        mcc = (hits * count - marked * true) / sqrt(spread) if spread else 0.
        authentic = kept / (count - hits) if count > hits else 0.
        return dict(p_f1=f1, p_mcc=mcc, p_iou_authentic=authentic, p_miou=(f1 / (2 - f1) + authentic) / 2)

    @staticmethod
    def of_map(cam: np.ndarray, target: np.ndarray) -> Dict[str, float]:
        """:data:`OF_MAPS` of a map (H, W) in [0, 1], counted in :data:`BINS` bins; a bin's pixels are ties."""
        target = as_mask(target).ravel()
        bins = np.minimum((np.asarray(cam, np.float32).ravel() * BINS).astype(np.int32), BINS - 1)
        both = np.bincount(bins, minlength=BINS)[::-1].astype(np.float64)
        forged = np.bincount(bins[target], minlength=BINS)[::-1].astype(np.float64)
        hits, seen, clean = forged.cumsum(), both.cumsum(), both - forged
        pairs = forged.sum() * clean.sum()
        return dict(p_auc=float((clean * (hits - forged / 2)).sum() / pairs) if pairs else float('nan'),
                    p_ap=float((forged * hits / np.maximum(seen, 1)).sum() / hits[-1]) if hits[-1] else float('nan'))

    def measure(self, sample: ForensicSample) -> Optional[dict]:
        truth = sample.truth
        if truth is None or sample.required('label') == 0:
            return None
        row = self._scores(sample.required('mask'), sample.cam, truth)
        for kind, known in (trivial_masks(truth.shape, sample.source) if self.trivial else {}).items():
            found = self._scores(known.mask, None if sample.cam is None else known.cam, truth)
            row.update({f'{key}_{kind}': value for key, value in found.items()})
        return row

    def _scores(self, mask: Any, cam: Optional[np.ndarray], truth: np.ndarray) -> Dict[str, float]:
        return {**self.of_mask(mask, truth), **({} if cam is None else self.of_map(cam, truth))}

    def summarize(self, rows: List[dict]) -> Dict[str, float]:
        means = {key: mean_of(rows, key) for key in keys_of(rows)}
        return {**{key: value for key, value in means.items() if key not in REPORTED_BY_PIXEL_F1}, **ranks(means)}


def ranks(means: Dict[str, float]) -> Dict[str, float]:
    """``<number>_rank`` of :data:`RANKED` from means of the method (``p_f1``) and of others (``p_f1_centre``)."""
    found = {}
    for key in RANKED:
        others = [value for name, value in means.items() if name.startswith(f'{key}_')]
        if others:
            above, same = sum(v > means[key] for v in others), sum(v == means[key] for v in others)
            found[f'{key}_rank'] = 1. + above + same / 2
    return found
