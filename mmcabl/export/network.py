"""A localizer as one function of tensors, image to (score, map), that tracers can follow at any size."""

from copy import deepcopy
from functools import partial
from typing import List, Tuple

import torch
from mmcv.cnn.bricks.transformer import AdaptivePadding
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.edge import SMOOTHING, normalize_edges
from mmcabl.models.layers.token_grid import covered_shape, token_grid
from mmcabl.models.localizers import WeaklySupervisedLocalizer
from mmcabl.models.localizers.attention import AttentionPropagator
from mmcabl.models.localizers.class_map import localization_map


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
        self.backbone, self.head = traceable(model.inference_backbone()), model.head
        self.neck = model.neck if model.with_neck else None
        self.scales, self.union, self.class_index = model.scales, model.union, model.class_index
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
        for scale in self.scales:
            batch = picture if scale == 'native' else resized(picture, *scale)
            for mirrored in self.mirrored:
                score, cam = self._pass(batch.flip(-1) if mirrored else batch)
                cam = self._to_size(cam[:, None], batch.shape[-2:], None if scale == 'native' else size)[:, 0]
                scores.append(score)
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


class TracedAverage(AttentionPropagator):
    """Eq. (2)'s average attention in plain matrix products, the same for any number of tokens.

    ``prefix`` tokens before the patches, which lie on ``grid``, lose their rows and columns.
    """

    prefix = 0
    grid: Tuple[int, int]

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, dropout_p: float = 0.) -> Tensor:
        weights = torch.softmax((query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1), dim=-1)
        self._sum = weights.sum(1) if not self.blocks else self._sum + weights.sum(1)
        self.blocks, self._heads = self.blocks + 1, query.shape[1]
        return weights @ value

    def _average(self, maps: Tensor) -> Tensor:
        return (self._sum[:, self.prefix:, self.prefix:] @ maps) / (self.blocks * self._heads)

    def propagate(self, maps: Tensor) -> Tensor:
        """As the class says."""
        # the exporter takes the shape of a reshaped tensor for a constant
        out = self._average(maps.flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, self.grid)
        return (out + self.residual * maps) / (1 + self.residual) if self.residual else out


class TracedPadding(nn.Module):
    """mmcv's padding to a multiple, at the right and the bottom, without a look at whether there is any."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, x: Tensor) -> Tensor:
        """(..., H, W) to the next multiples."""
        right, below = ((n - side % n) % n for n, side in ((self.columns, x.shape[-1]), (self.rows, x.shape[-2])))
        return F.pad(x, (0, right, 0, below))


def traceable(backbone: nn.Module) -> nn.Module:
    """A copy whose layers compute the same without decisions that depend on the input's size."""
    backbone = deepcopy(backbone)
    for module in list(backbone.modules()):
        if isinstance(module, CABL):
            module.forward = partial(traced_respond, module)
        for name, child in list(module.named_children()):
            if isinstance(child, AdaptivePadding):
                if child.padding != 'corner' or child.kernel_size != child.stride:
                    raise ValueError(f'A {type(backbone).__name__} that pads {child.padding!r} cannot be exported.')
                setattr(module, name, TracedPadding(*child.stride))
    return backbone


def traced_respond(layer: CABL, x: Tensor) -> Tensor:
    """Eq. (1) of a CABL layer by differences of shifted maps, for any number of channels."""
    padded = F.pad(x, (1, 1, 1, 1), mode='replicate')
    if layer.operator == 'laplacian':
        edges = (padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1] + padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
                 - 4 * x).abs()
    else:
        a, b, c = (weight / sum(SMOOTHING[layer.operator]) for weight in SMOOTHING[layer.operator])
        across = a * padded[..., :-2, :] + b * padded[..., 1:-1, :] + c * padded[..., 2:, :]
        along = a * padded[..., :-2] + b * padded[..., 1:-1] + c * padded[..., 2:]
        gx, gy = across[..., 2:] - across[..., :-2], along[..., 2:, :] - along[..., :-2, :]
        edges = (gx * gx + gy * gy).sqrt()
    edges = normalize_edges(edges, layer.norm)
    return {'i': lambda: x + edges, 'ii': lambda: edges * x, 'iii': lambda: edges * x + x}[layer.structure]()


def stretched(maps: Tensor, size) -> Tensor:
    """(N, C, H, W) bilinearly to a size."""
    return F.interpolate(maps, size=tuple(size), mode='bilinear', align_corners=False)


def resized(image: Tensor, height: int, width: int) -> Tensor:
    """As ``scales.resize``, bilinear and anti-aliased, by matrix products: runtimes differ in their own filter."""
    rows, columns = (_filter(image.shape[-2], height, image), _filter(image.shape[-1], width, image))
    return rows @ image @ columns.transpose(0, 1)


def _filter(source, target: int, like: Tensor) -> Tensor:
    """(target, source) weights of a triangle as wide as what becomes one pixel."""
    places = torch.arange(source, device=like.device, dtype=torch.float64) + 0.5
    step = source / torch.tensor(float(target), dtype=torch.float64)
    centres = (torch.arange(target, device=like.device, dtype=torch.float64) + 0.5) * step
    weights = (1 - (places[None] - centres[:, None]).abs() / step.clamp(min=1)).clamp(min=0)
    return (weights / weights.sum(1, keepdim=True)).to(like.dtype)
