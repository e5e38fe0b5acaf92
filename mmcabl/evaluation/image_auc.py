"""I-AUC, and the other image-level numbers that are reported beside it."""

from typing import Callable, Dict, List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.logging import print_log

from mmcabl.evaluation.per_image_metric import PerImageMetric
from mmcabl.registry import METRICS
from mmcabl.structures import ForensicSample

Numbers = Union[np.ndarray, torch.Tensor, Sequence[float]]


def _measured(function: Callable[[np.ndarray, np.ndarray], float], score: Numbers, label: Numbers) -> float:
    """One of scikit-learn's figures; NaN where it is not defined."""
    score, label = np.asarray(score, np.float64), np.asarray(label).astype(bool)
    defined = label.any() and not label.all() and np.isfinite(score).all()
    return float(function(label, score)) if defined else float('nan')


@METRICS.register_module()
class ImageAUC(PerImageMetric):
    """Image-level detection: ROC-AUC of the image score (I-AUC), average precision, accuracy and F1 at 0.5.

    Reads ``score`` and ``label`` of each sample.
    Unreadable images are left out. A score that is not finite makes AUC and AP NaN, with a warning.

    Args:
        threshold: of the score for accuracy and F1.
        collect_device, prefix: as of any mmengine metric.

    Reports ``i_auc``, ``i_ap``, ``i_acc``, ``i_f1`` in [0, 1], and ``images``, ``manipulated`` (counts).

    Examples:
        >>> ImageAUC.calculate([0.9, 0.4, 0.6, 0.1], [1, 1, 0, 0])
        0.75
    """

    default_prefix = ''  # none, on purpose: mmengine warns about None

    def __init__(self, threshold: float = 0.5, collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.threshold = threshold

    @staticmethod
    def calculate(score: Numbers, label: Numbers) -> float:
        """ROC-AUC, ties counted half; NaN if a class is missing or a score is not finite."""
        from sklearn.metrics import roc_auc_score  # takes a second, which nothing but a result needs
        return _measured(roc_auc_score, score, label)

    @staticmethod
    def average_precision(score: Numbers, label: Numbers) -> float:
        """Area under the precision-recall steps, tied scores taken together; NaN as in ``calculate``."""
        from sklearn.metrics import average_precision_score
        return _measured(average_precision_score, score, label)

    def measure(self, sample: ForensicSample) -> dict:
        score = sample.required('score')
        if not np.isfinite(score):
            print_log(f'The image score of {sample.source or "an image"} is {score}: I-AUC will be NaN.',
                      logger='current', level=30)
        return dict(score=score, label=sample.required('label'))

    def summarize(self, rows: List[dict]) -> Dict[str, float]:
        score = np.array([row['score'] for row in rows])
        label = np.array([row['label'] for row in rows], bool)
        if label.all() or not label.any():
            print_log(f'I-AUC is NaN: of {len(rows)} images, {int(label.sum())} are manipulated, and both '
                      'classes are needed.', logger='current', level=30)
        guess = score >= self.threshold
        wrong = int((guess != label).sum())
        hits = int((guess & label).sum())
        return dict(i_auc=self.calculate(score, label), i_ap=self.average_precision(score, label),
                    i_acc=1 - wrong / len(rows) if rows else float('nan'),
                    i_f1=2 * hits / (2 * hits + wrong) if hits or wrong else float('nan'),
                    images=len(rows), manipulated=int(label.sum()))
