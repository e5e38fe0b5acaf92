"""A hook that writes overlays while testing."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcabl.datasets.transforms.loading import read_image
from mmcabl.registry import HOOKS
from mmcabl.structures.segmentation_view import forensic_view, label_of
from mmcabl.utils.failures import Failures, ImageFailed
from mmcabl.utils.files import write_png
from mmcabl.utils.names import file_name, to_text
from mmcabl.visualization.overlays import overlay


@HOOKS.register_module()
class LocalizationOverlayHook(Hook):
    """Write ``<out_dir>/<data set>_<image name>-<digits>.png`` for test images: image, truth, map with prompts, mask.

    The digits are of the image's whole path: data sets and the folders in them have images of the same name. A
    picture that cannot be drawn costs itself alone, with a warning.

    Args:
        out_dir: folder; relative paths are below the runner's ``work_dir``. ``overlays`` by default.
        max_images: how many of each data set and for each rank; None: all.
        only_manipulated: leave authentic images out.
    """

    def __init__(self, out_dir: str = 'overlays', max_images: Optional[int] = None,
                 only_manipulated: bool = False) -> None:
        self.out_dir, self.max_images, self.only_manipulated = out_dir, max_images, only_manipulated
        self.written: Counter = Counter()

    def before_test(self, runner: Runner) -> None:
        """Start counting anew."""
        self.written.clear()
        self._failures = Failures(limit=0)
        self._folder = Path(runner.work_dir, self.out_dir)
        self._folder.mkdir(parents=True, exist_ok=True)

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Optional[dict] = None,
                        outputs: Optional[Sequence] = None) -> None:
        """Draw the samples of one batch."""
        for sample in (forensic_view(output.to_dict()) for output in outputs or ()):
            source = sample.get('dataset_name')
            done = self.max_images is not None and self.written[source] >= self.max_images
            skipped = self.only_manipulated and label_of(sample) == 0
            if done or skipped or sample.get('unreadable'):
                continue
            try:
                self._failures.attempt(self._draw, sample)
                self.written[source] += 1
            except ImageFailed as error:
                self._failures.note(f'The overlay of {to_text(sample["img_path"])}', str(error))

    def _draw(self, sample: Dict[str, Any]) -> None:
        image = read_image(sample['img_path'])[..., ::-1]
        picture = overlay(image, sample.get('gt_mask'), sample['cam'], sample.get('prompts'), sample['pred_mask'],
                          sample.get('orientation', 1))
        name = file_name(sample['img_path'], sample.get('dataset_name') or '')
        write_png(self._folder / f'{name}.png', picture[..., ::-1])
