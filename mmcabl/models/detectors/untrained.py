"""Systems that learn nothing: arithmetic on the stored pixels."""

from abc import abstractmethod
from typing import Any, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from mmcabl.models.detectors.base import ForensicDetector


class UntrainedDetector(ForensicDetector):
    """Base class of comparison systems without weights: subclass, register, write :meth:`analyse`.

    Args:
        data_preprocessor: as of :class:`ForensicDetector`, with mean 0 and deviation 1.
        postprocessor, init_cfg: as of :class:`ForensicDetector`.

    It has one parameter, ``placeholder``, which nothing reads. The toolboxes' ``test.py`` wants a checkpoint, torch's
    DDP a parameter, a refiner the device of one. ``configs/table1/untrained.safetensors`` is the checkpoint of every
    such system: that one number. A model with weights refuses it, and these refuse any other.
    """

    def __init__(self, data_preprocessor: Optional[dict] = None, postprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        if data_preprocessor is None or isinstance(data_preprocessor, dict):
            data_preprocessor = {'mean': (0, 0, 0), 'std': (1, 1, 1), **(data_preprocessor or {})}
        super().__init__(data_preprocessor=data_preprocessor, postprocessor=postprocessor, init_cfg=init_cfg)
        self.placeholder = nn.Parameter(torch.zeros(1))

    @abstractmethod
    def analyse(self, picture: np.ndarray, sample: Any) -> Tuple[float, np.ndarray]:
        """Score and map of one picture.

        Args:
            picture: (H, W, 3) uint8 RGB.
            sample: its data sample; gets what is to be said besides.

        Returns:
            Image score in [0, 1]; map (H, W) in [0, 1], higher is more manipulated.
        """

    def detect(self, image: Tensor, sample: Any) -> Tuple[Tensor, Tensor]:
        """As of :class:`ForensicDetector`, on the CPU in float64; values that are no grey levels are rounded and cut
        to 0..255, what is not a number is 0."""
        pixels = image[0].double() * self.data_preprocessor.std + self.data_preprocessor.mean
        pixels = torch.nan_to_num(pixels, 0., 255., 0.).round().clamp(0, 255).to(torch.uint8)
        score, found = self.analyse(np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy()), sample)
        return torch.tensor(score, device=image.device), torch.from_numpy(found).to(image.device, torch.float32)
