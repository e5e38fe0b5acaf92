from mmpretrain.models.utils import ClsDataPreprocessor
from torch import Tensor

from mmcabl.registry import MODELS
from mmcabl.structures import keep_pixels


@MODELS.register_module()
class ForensicDataPreprocessor(ClsDataPreprocessor):
    """mmpretrain's preprocessor in training; in testing, images are normalised but not stacked.

    Padding test images to a common size would put a frame into the maps and shrink what the network sees,
    so ``predict`` gets a list and batches it itself, scale by scale.

    Arguments are those of ``ClsDataPreprocessor``: ``mean`` and ``std`` of R, G, B are ImageNet's by default, and
    images come as BGR, as mmcv reads them.
    """

    def __init__(self, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375),
                 to_rgb: bool = True, **kwargs) -> None:
        super().__init__(mean=mean, std=std, to_rgb=to_rgb, **kwargs)

    def forward(self, data: dict, training: bool = False) -> dict:
        """As upstream; with ``training=False``, ``inputs`` is a list of (3, h, w) float32 tensors, or (B, 3, h, w)
        where it came so, and samples get their ``pixels``, see :func:`mmcabl.structures.keep_pixels`."""
        if training:
            return super().forward(data, training)
        keep_pixels(data['inputs'], data.get('data_samples'), self.to_rgb, resize=True)
        data = self.cast_data(data)
        inputs = data['inputs']
        inputs = self._normalise(inputs) if isinstance(inputs, Tensor) else [self._normalise(x) for x in inputs]
        return dict(inputs=inputs, data_samples=data.get('data_samples'))

    def _normalise(self, image: Tensor) -> Tensor:
        image = image.float()
        return ((image.flip(-3) if self.to_rgb else image) - self.mean) / self.std
