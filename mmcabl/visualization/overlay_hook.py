"""A hook that writes overlays while testing."""

from collections import Counter
from pathlib import Path
from typing import Optional, Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmcabl.registry import HOOKS
from mmcabl.structures import ForensicSample, forensic_sample
from mmcabl.structures.pictures import loaded_pixels
from mmcabl.utils.failures import Failures, ImageFailed
from mmcabl.utils.files import write_png
from mmcabl.utils.names import file_name, to_text
from mmcabl.visualization.forensic_visualizer import ForensicVisualizer
from mmcabl.visualization.overlays import overlay_of


@HOOKS.register_module()
class LocalizationOverlayHook(Hook):
    """Write ``<out_dir>/<data set>_<image name>-<digits>.png`` for test images: image, truth, map with prompts, mask.

    The digits are of the image's whole path: data sets and the folders in them have images of the same name. A
    picture that cannot be drawn costs itself alone, with a warning. A runner's :class:`ForensicVisualizer` is handed
    the same pictures, under the same names.

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
        for i, sample in enumerate(map(forensic_sample, outputs or ())):
            done = self.max_images is not None and self.written[sample.dataset] >= self.max_images
            if done or not sample.usable or (self.only_manipulated and sample.required('label') == 0):
                continue
            try:
                if sample.picture is None and data_batch:  # of a toolbox's own model
                    sample.picture = loaded_pixels(data_batch, i)
                self._failures.attempt(self._draw, sample, runner.visualizer)
                self.written[sample.dataset] += 1
            except ImageFailed as error:
                self._failures.note(f'The overlay of {to_text(sample.source)}', str(error))

    def _draw(self, sample: ForensicSample, visualizer: Visualizer) -> None:
        name, picture = file_name(sample.source, sample.dataset), overlay_of(sample)
        write_png(self._folder / f'{name}.png', picture[..., ::-1])
        if isinstance(visualizer, ForensicVisualizer):
            visualizer.add_image(name, picture)
