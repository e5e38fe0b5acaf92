"""Overlays for mmengine's backends: files, TensorBoard, Weights & Biases, ... by config."""

from dataclasses import replace
from typing import Optional, Union

import numpy as np
from mmengine.structures import BaseDataElement
from mmengine.visualization import Visualizer

from mmcabl.registry import VISUALIZERS
from mmcabl.structures import ForensicSample, forensic_sample
from mmcabl.utils.files import write_png
from mmcabl.visualization.overlays import overlay_of


@VISUALIZERS.register_module()
class ForensicVisualizer(Visualizer):
    """mmengine's visualizer with the four panels of :func:`overlay` as the picture of a sample.

    Where a runner has one, :class:`LocalizationOverlayHook` hands it every overlay that it writes:
    ``visualizer=dict(type='mmcabl.ForensicVisualizer', vis_backends=[dict(type='TensorboardVisBackend')])``.
    Backends are written by the first process alone, as mmengine has it.
    """

    def add_datasample(self, name: str, image: Optional[np.ndarray] = None,
                       data_sample: Union[BaseDataElement, ForensicSample, None] = None, draw_gt: bool = True,
                       draw_pred: bool = True, show: bool = False, wait_time: float = 0, step: int = 0,
                       out_file: Optional[str] = None) -> np.ndarray:
        """Draw a sample and hand the picture to every backend, or write it to ``out_file`` alone.

        Args:
            name: of the picture in the backends.
            image: (H, W, 3) uint8 RGB on the grid of the stored pixels; by default the sample's own picture.
            data_sample: of either toolbox, or what was made of it.
            draw_gt: False: the truth's panel stays grey.
            draw_pred: False: map and mask stay empty, which needs no prediction.
            show, wait_time: also show it in a window, for so many seconds; 0: until it is closed.
            step: of training; 0 in a test.
            out_file: a PNG.

        Returns:
            The picture, (H, 4 W + gaps, 3) uint8 RGB, of upright H and W.

        Raises:
            ValueError: something that is to be drawn is not known.
        """
        sample = data_sample if isinstance(data_sample, ForensicSample) else forensic_sample(data_sample or {})
        sample = replace(sample, picture=sample.picture if image is None else image,
                         truth=sample.truth if draw_gt else None)
        if not draw_pred:
            height, width = sample.required('picture').shape[:2]
            sample = replace(sample, cam=np.zeros((height, width), np.float32), prompts=None,
                             mask=np.zeros((height, width), bool))
        picture = overlay_of(sample)
        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is None:
            self.add_image(name, picture, step)
        else:
            write_png(out_file, picture[..., ::-1])
        return picture

    def visualize_cls(self, image: np.ndarray, data_sample: BaseDataElement, name: str = '', **kwargs) -> np.ndarray:
        """For mmpretrain's ``--show-dir``, whose ``image``, the network's input, is on another grid than results."""
        return self.add_datasample(name, None, data_sample, **kwargs)
