from dataclasses import dataclass, field
from typing import Any, Dict, NamedTuple, Optional

import numpy as np


class Key(NamedTuple):
    """What identifies an image among those of a test."""

    dataset: str
    index: int  # type: ignore[assignment]  # the name hides tuple.index, which nobody asks a key for
    source: str


@dataclass
class ForensicSample:
    """What is known of one image, everywhere behind the model. What is not known is None (or empty).

    Every array is on the grid of the stored pixels, (H, W), whatever the network's input was and however the EXIF
    orientation turns the picture for people; nothing is copied from the sample that it is made of.

    Attributes:
        source: path of the image.
        dataset: name of its data set, '' without one.
        index: its position in the data set.
        orientation: EXIF's, 1 to 8; :func:`mmcabl.images.upright` turns by it what people are shown.
        unreadable: the file could not be read; ``reason`` says why. Nothing below is known then.
        failed: why the model failed on it, '' where it did not. It counts in no metric then.
        reason: one sentence on ``unreadable``.
        note: a sentence that must stand beside the result, such as what it does not mean; '' without one.
        picture: (H, W, 3) uint8 RGB, the pixels that the pipeline loaded, perturbations included.
        label: 0 authentic, 1 manipulated.
        truth: bool, true where the image is manipulated; None where that is unknown.
        score: image score in [0, 1], higher is more manipulated.
        raw_map: float32 before normalisation; its unit is the model's: Eq. (2)'s map is unbounded, a segmentation
            model's is a probability.
        cam: float32 in [0, 1]: the map normalised, or a probability as it is.
        prompts: dict of ``box`` XYXY, ``positive`` and ``negative`` (x, y) in px, see :class:`Prompts`.
        masks: the mask (bool) of each prompt kind that was asked for.
        mask: bool, the final one; None where the score is below a decision threshold (``flagged`` is False).
        flagged: whether the score reaches the decision threshold of :class:`mmcabl.apis.ForensicInferencer`; None
            where nobody asked.
    """

    source: str = ''
    dataset: str = ''
    index: Optional[int] = None
    orientation: int = 1
    unreadable: bool = False
    failed: str = ''
    reason: str = ''
    note: str = ''
    picture: Optional[np.ndarray] = None
    label: Optional[int] = None
    truth: Optional[np.ndarray] = None
    score: Optional[float] = None
    raw_map: Optional[np.ndarray] = None
    cam: Optional[np.ndarray] = None
    prompts: Optional[Dict[str, Any]] = None
    masks: Dict[str, np.ndarray] = field(default_factory=dict)
    mask: Optional[np.ndarray] = None
    flagged: Optional[bool] = None

    @property
    def usable(self) -> bool:
        """Whether there is a result: the file was read and the model did not fail on it."""
        return not (self.unreadable or self.failed)

    def key(self, default: int = -1) -> Key:
        """What identifies it; ``default`` stands for an index that it does not have."""
        return Key(self.dataset, default if self.index is None else self.index, self.source)

    def required(self, name: str) -> Any:
        """One of the fields.

        Raises:
            ValueError: it is not known; the sentence names the image and the field.
        """
        value = getattr(self, name)
        if value is None:
            raise ValueError(f'{self.source or "An image"} has no {name}, which is needed here: it comes from '
                             f'{WHENCE[name]}.')
        return value


#: Where fields come from, for whoever misses one.
WHENCE = {
    'label': "the data set ('gt_label'; under mmsegmentation mmcabl.PackForensicSegInputs packs it)",
    'truth': 'mmcabl.LoadForgeryMask in the test pipeline', 'score': "the model ('pred_score' or 'seg_logits')",
    'raw_map': "the model ('cam_raw' or 'seg_logits')", 'cam': "the model ('cam' or 'seg_logits')",
    'prompts': 'CGSR, the postprocessor of a model', 'mask': "the model ('pred_mask' or 'pred_sem_seg')",
    'picture': "the test pipeline ('inputs' as uint8, or mmcabl.KeepPicture)",
}
