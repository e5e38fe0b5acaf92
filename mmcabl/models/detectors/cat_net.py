"""CAT-Net (Kwon et al., WACV 2021 and IJCV 2022): traces of JPEG compression beside colours."""

from typing import Any, Dict, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmcabl.models.detectors.base import IGNORED, ForensicDetector, truth_of
from mmcabl.models.layers.dct_volume import BLOCK
from mmcabl.models.layers.high_resolution import resized
from mmcabl.registry import MODELS

NORM = dict(type='BN', momentum=0.01)


@MODELS.register_module()
class CATNet(ForensicDetector):
    """An HRNet on RGB and a DCT stream on a JPEG file's own coefficients, fused resolution by resolution.

    Args:
        backbone: RGB stream, four resolutions from 1/4; HRNet-W48 by default.
        dct_stream: a :class:`mmcabl.DCTStream`, three resolutions from 1/8.
        head: a :class:`mmcabl.StreamFusionHead`.
        class_weights: of authentic and manipulated pixels in the cross entropy.
        data_preprocessor: RGB to [-1, 1] by default.
        **kwargs: of :class:`ForensicDetector`.

    Samples need ``dct`` (H, W) and ``qtable`` (8, 8), which :class:`mmcabl.LoadDCT` reads before anything resizes an
    image. The papers define no image score. Our reading: the maximum of the map, as MVSS-Net's.
    """

    def __init__(self, backbone: Optional[dict] = None, dct_stream: Optional[dict] = None,
                 head: Optional[dict] = None, class_weights: Sequence[float] = (0.5, 2.5),
                 data_preprocessor: Optional[dict] = None, **kwargs) -> None:
        middle = dict(mean=[127.5] * 3, std=[127.5] * 3)
        super().__init__(data_preprocessor={**middle, **(data_preprocessor or {})}, **kwargs)
        self.backbone = MODELS.build(
            {'type': 'mmcabl.BilinearHRNet', 'arch': 'w48', 'norm_cfg': NORM, **(backbone or {})})
        self.dct_stream = MODELS.build({'type': 'mmcabl.DCTStream', **(dct_stream or {})})
        self.head = MODELS.build({'type': 'mmcabl.StreamFusionHead', **(head or {})})
        self.register_buffer('class_weights', torch.tensor(class_weights), persistent=False)

    def logits(self, x: Tensor, coefficients: Tensor, table: Tensor) -> Tensor:
        """The network's output.

        Args:
            x: (B, 3, H, W), RGB in [-1, 1], sides multiples of 8.
            coefficients: (B, H, W), quantised, of luma, block by block in place.
            table: (B, 8, 8), luma's quantisation table.

        Returns:
            (B, 2, H / 4, W / 4): authentic, manipulated; before softmax.
        """
        colours, traces = self.backbone(x), self.dct_stream(coefficients, table)
        return self.head([colours[0], *(torch.cat(pair, 1) for pair in zip(colours[1:], traces))])

    def detect(self, image: Tensor, sample: Any) -> Tuple[Tensor, Tensor]:
        """Score: maximum of the map; map (H, W): probability of each pixel of the image."""
        height, width = image.shape[-2:]
        coefficients, table = jpeg_of(sample, image)
        image = F.pad(image, (0, -width % BLOCK, 0, -height % BLOCK))  # 0 is the middle grey of the public code
        logits = self.logits(image, coefficients, table)
        found = resized(logits, image).softmax(1)[0, 1, :height, :width]
        return found.max(), found

    def loss(self, inputs: Tensor, data_samples: Sequence[Any]) -> Dict[str, Tensor]:
        """Weighted cross entropy of each pixel, of crops on the 8 px grid."""
        coefficients, tables = (torch.cat(parts) for parts in zip(*(jpeg_of(s, inputs) for s in data_samples)))
        logits = resized(self.logits(inputs, coefficients, tables), inputs).float()
        truth = truth_of(data_samples, logits.device)
        weights = self.class_weights.to(logits)
        total = weights[truth.clamp_max(1)].masked_fill(truth == IGNORED, 0).sum()
        summed = F.cross_entropy(logits, truth, weights, ignore_index=IGNORED, reduction='sum')
        return dict(loss_mask=summed / total.clamp_min(1e-6))


def jpeg_of(sample: Any, image: Tensor) -> Tuple[Tensor, Tensor]:
    """Coefficients (1, H, W) and table (1, 8, 8) of a sample, on the image's device.

    Raises:
        KeyError: they are not there.
        ValueError: they do not lie on the image: it was resized or mirrored after them.
    """
    if 'dct' not in sample or 'qtable' not in sample:
        raise KeyError(f"{sample.get('img_path', 'An image')} has no dct and qtable, which CAT-Net needs: put "
                       "dict(type='mmcabl.LoadDCT') behind the step that loads images, and 'dct', 'qtable' into "
                       'algorithm_keys of the step that packs them.')
    dct, table = (torch.as_tensor(sample.get(key))[None].to(image.device) for key in ('dct', 'qtable'))
    wanted = tuple(-(-side // BLOCK) * BLOCK for side in image.shape[-2:])
    if tuple(dct.shape[-2:]) != wanted or sample.get('flip'):
        raise ValueError(f"{sample.get('img_path', 'An image')} is {image.shape[-1]} x {image.shape[-2]} px and "
                         f"{'mirrored' if sample.get('flip') else 'not mirrored'}, its coefficients are "
                         f'{dct.shape[-1]} x {dct.shape[-2]}; steps between LoadDCT and CAT-Net may only crop, by '
                         'mmcabl.GridCrop.')
    return dct, table
