from typing import Any, Dict, List, Optional

import numpy as np

from mmcabl.evaluation.per_image_metric import PerImageMetric, keys_of, mean_of
from mmcabl.evaluation.trivial_masks import random_half
from mmcabl.registry import METRICS
from mmcabl.structures import ForensicSample
from mmcabl.structures.from_models import as_mask

#: Resolution of the curves: the normalised map is counted in this many bins.
BINS = 4096
#: Thresholds of the mean F1 curve, 0.01 to 0.99.
THRESHOLDS = np.arange(1, 100) / 100


@METRICS.register_module()
class PixelF1(PerImageMetric):
    """Pixel-level localization on manipulated images; authentic ones and unknown truths do not count.

    P-F1 is the F1 of the binary mask for each manipulated image, averaged over these images. Reads
    ``truth``, ``label``, ``mask``, and if there, ``masks`` (one for each prompt kind) and ``cam``.

    Args:
        baselines: also score two masks that know nothing: all ones, and a random half of the pixels.
        curves: also report what depends on the soft map ``cam``.
        collect_device, prefix: as of any mmengine metric.

    Reports, each a mean over images in [0, 1]: ``p_f1`` and ``p_iou`` of the final mask; ``p_f1_<kind>`` for
    every prompt kind; ``p_f1_all_ones``, ``p_f1_random``; with curves ``p_auc`` (pixel ROC-AUC of the map),
    ``p_f1_best`` (best threshold for each image, an oracle) and ``p_f1_best_fixed`` with its ``threshold``
    (best single threshold for all images, chosen on these very images).

    Examples:
        >>> truth = np.array([[True, True], [False, False]])
        >>> PixelF1.calculate(np.array([[True, False], [False, False]]), truth)
        0.6666666666666666
    """

    def __init__(self, baselines: bool = True, curves: bool = True, collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.baselines, self.curves = baselines, curves

    @staticmethod
    def calculate(pred: np.ndarray, target: np.ndarray) -> float:
        """F1 of a binary mask (H, W) against the truth (H, W); 0 if both are empty."""
        pred, target = as_mask(pred), as_mask(target)
        if pred.shape != target.shape:
            raise ValueError(f'The predicted mask is {pred.shape}, the true one {target.shape} (height, width); '
                             'they must agree.')
        total = int(np.count_nonzero(pred)) + int(np.count_nonzero(target))
        return 2 * int(np.count_nonzero(pred & target)) / total if total else 0.

    @staticmethod
    def curve(cam: np.ndarray, target: np.ndarray) -> Dict[str, Any]:
        """What a soft map (H, W) in [0, 1] is worth at every threshold.

        Returns:
            ``auc``: pixel ROC-AUC (NaN if the truth is constant); ``best``: highest F1 over all thresholds;
            ``f1``: (99,) float32, F1 at :data:`THRESHOLDS`. From counts in 4096 bins, so to about 1e-3.
        """
        target = as_mask(target)
        cam = np.asarray(cam, np.float32)
        if cam.size and not -1 / BINS < cam.min() <= cam.max() < np.inf:  # NaN is neither
            raise ValueError(f'A soft map has values in [0, 1]; this one has {cam.min()} to {cam.max()}.')
        bins = np.minimum(cam * np.float32(BINS), BINS - 1).astype(np.uint16)  # two bytes: less memory to pass
        every, positive = (np.bincount(part.ravel(), minlength=BINS)[::-1] for part in (bins, bins[target]))
        positive, negative = positive.astype(np.float64), (every - positive).astype(np.float64)
        hits, false = positive.cumsum(), negative.cumsum()
        f1 = 2 * hits / np.maximum(hits + false + positive.sum(), 1)
        area = (negative * (hits - positive / 2)).sum()
        both = positive.sum() * negative.sum()
        at = BINS - np.ceil(THRESHOLDS * BINS).astype(int) - 1
        return dict(auc=float(area / both) if both else float('nan'), best=float(f1.max()),
                    f1=f1[at].astype(np.float32))

    def measure(self, sample: ForensicSample) -> Optional[dict]:
        truth = sample.truth
        if truth is None or sample.required('label') == 0:
            return None
        row = dict(p_f1=self.calculate(sample.required('mask'), truth))
        row['p_iou'] = row['p_f1'] / (2 - row['p_f1'])  # for one image, IoU = F1 / (2 - F1)
        for kind, mask in sample.masks.items():
            row[f'p_f1_{kind}'] = self.calculate(mask, truth)
        if self.baselines:
            row['p_f1_all_ones'] = self.calculate(np.ones_like(truth), truth)
            row['p_f1_random'] = self.calculate(random_half(truth.shape, sample.source).mask, truth)
        if self.curves and sample.cam is not None:
            curve = self.curve(sample.cam, truth)
            row.update(p_auc=curve['auc'], p_f1_best=curve['best'], curve=curve['f1'])
        return row

    def summarize(self, rows: List[dict]) -> Dict[str, float]:
        keys = keys_of(rows) or ['p_f1']
        result = {key: mean_of(rows, key) for key in keys if key != 'curve'}
        if 'curve' in keys:
            mean = np.mean([np.asarray(row['curve'], np.float32) for row in rows if 'curve' in row], axis=0)
            result.update(p_f1_best_fixed=float(mean.max()), threshold=float(THRESHOLDS[mean.argmax()]))
        return {**result, 'masks': len(rows)}
