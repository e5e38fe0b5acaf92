"""A localizer as one function of tensors, image to (score, map), that tracers can follow at any size."""

from copy import deepcopy
from typing import List, Tuple

from torch import Tensor, nn

from mmcabl.export.traced import TracedAverage, resized, shown, stretched, traceable
from mmcabl.models.layers.fold import fold_batchnorm
from mmcabl.models.layers.token_grid import covered_shape, token_grid
from mmcabl.models.localizers import WeaklySupervisedLocalizer
from mmcabl.models.localizers.class_map import localization_map
from mmcabl.models.localizers.scales import limit_of


class ExportedNetwork(nn.Module):
    """What is exported: preprocessing, every test scale and mirror image, class maps, Eq. (2), at the image's size.

    Input ``image``: (N, H, W, 3) uint8 RGB on the stored grid, H and W >= 32. Outputs ``score`` (N,) in [0, 1] and
    ``map`` (N, H, W) float32, unbounded: ``pred_score`` of manipulation and ``cam_raw`` of
    :class:`mmcabl.models.WeaklySupervisedLocalizer`. CGSR follows outside.

    Raises:
        ValueError: another kind of model.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        if not isinstance(model, WeaklySupervisedLocalizer):
            raise ValueError(f'A {type(model).__name__} cannot be exported: accepted is a '
                             'mmcabl.WeaklySupervisedLocalizer, as those of configs/cabl and configs/quickstart are.')
        model = deepcopy(model).eval()
        # folded, but not fused: what oneDNN computes in one call is no operator of another runtime
        plain = fold_batchnorm(model.backbone) if hasattr(model.backbone, 'folded') else model.backbone
        self.backbone, self.head = traceable(plain), model.head
        self.neck = model.neck if model.with_neck else None
        self.scales, self.union, self.class_index = model.scales, model.union, model.class_index
        self.judging = model.judging_scales
        self.mirrored = (False, True) if model.flip else (False,)
        self.attention = None if model.attention == 'none' else TracedAverage(model.attention_residual,
                                                                              model.attention_blocks)
        if self.attention is not None:
            self.attention.prefix = int(self.head.with_cls_token)
        pre = model.data_preprocessor
        self.bgr = not pre.to_rgb
        self.register_buffer('mean', pre.mean.clone())
        self.register_buffer('std', pre.std.clone())

    def forward(self, image: Tensor) -> Tuple[Tensor, Tensor]:
        """See the class."""
        picture = image.permute(0, 3, 1, 2).float()
        picture = ((picture.flip(1) if self.bgr else picture) - self.mean) / self.std
        size = picture.shape[-2:]
        scores: List[Tensor] = []
        maps: List[Tensor] = []
        for number, scale in enumerate(self.scales):
            native, limit = scale == 'native', limit_of(scale)
            batch = picture if native else resized(picture, *(shown(scale, *size) if limit else scale))
            for mirrored in self.mirrored:
                score, cam = self._pass(batch.flip(-1) if mirrored else batch)
                cam = self._to_size(cam[:, None], batch.shape[-2:], None if native or limit else size)
                cam = (stretched(cam, size) if limit else cam)[:, 0]
                scores += [score] if number < self.judging else []
                maps.append(cam.flip(-1) if mirrored else cam)
        return sum(scores) / len(scores), sum(maps) / len(maps)

    def _pass(self, batch: Tensor) -> Tuple[Tensor, Tensor]:
        shape = batch.shape[-2:]
        if self.attention is None:
            feats = self.backbone(batch)
        else:
            self.attention.blocks = 0
            with self.attention.attach(self.backbone):
                feats = self.backbone(batch)
        if self.neck is not None:
            feats = self.neck(feats)
        grid = token_grid(self.backbone, shape)
        maps = self.head.class_maps(feats, shape, grid)
        if self.attention is not None:
            self.attention.grid = grid or tuple(maps['trans'].shape[-2:])
        cam = localization_map(maps, self.attention, self.union)
        return self.head.score(self.head(feats))[:, -1], cam[:, self.class_index]

    def _to_size(self, maps: Tensor, inside, size) -> Tensor:
        """As ``scales.to_image_size``; ``size`` None: that of the input. Which of its steps are taken is decided by
        the backbone, not by numbers that a tracer would freeze."""
        fixed = size is not None
        if hasattr(self.backbone, 'covered_shape') and not (
                fixed and tuple(map(int, covered_shape(self.backbone, inside))) == tuple(map(int, inside))):
            maps = stretched(maps, covered_shape(self.backbone, inside))[..., :inside[0], :inside[1]]
            return stretched(maps, size) if fixed else maps
        return stretched(maps, size if fixed else inside)
