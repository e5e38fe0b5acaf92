from typing import Sequence

from mmpretrain.datasets.transforms import PackInputs

from mmcabl.registry import TRANSFORMS

#: Meta information that this package reads; a sample has those of them that its pipeline made.
META_KEYS = ('sample_idx', 'img_path', 'ori_shape', 'img_shape', 'orientation', 'unreadable', 'reason',
             'dataset_name', 'flip', 'flip_direction', 'picture', 'animated')


@TRANSFORMS.register_module()
class PackForensicInputs(PackInputs):
    """mmpretrain's ``PackInputs``, which packs all that this package reads; ``gt_mask`` is the truth of metrics."""

    def __init__(self, input_key: str = 'img', algorithm_keys: Sequence[str] = ('gt_mask',),
                 meta_keys: Sequence[str] = META_KEYS) -> None:
        super().__init__(input_key, algorithm_keys, meta_keys)
