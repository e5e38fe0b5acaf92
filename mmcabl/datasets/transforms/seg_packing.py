"""The last step of mmsegmentation's pipelines; ``mmcabl.segmentation`` registers it, for it needs mmseg."""

from typing import Sequence

from mmcabl.datasets.transforms.packing import META_KEYS
from mmcabl.registry import TRANSFORMS
from mmcabl.stack import require_mmseg

require_mmseg()

from mmseg.datasets.transforms import PackSegInputs  # noqa: E402, after the check


@TRANSFORMS.register_module()
class PackForensicSegInputs(PackSegInputs):
    """mmseg's ``PackSegInputs``, which packs all that this package reads, the image's label ``gt_label`` included.

    Args:
        meta_keys: meta information of the sample.
    """

    def __init__(self, meta_keys: Sequence[str] = (*META_KEYS, 'gt_label')) -> None:
        super().__init__(meta_keys)
