"""How patch tokens lie on an input, as the backbones have it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from mmcabl.models.layers.token_grid import covered_shape, only_grid, token_grid
from mmcabl.registry import MODELS
from tests.conftest import build_backbone, build_localizer

SHAPES = [(49, 96), (64, 96), (33, 170), (47, 33)]
VIT = dict(type='mmpretrain.VisionTransformer', img_size=64, patch_size=16, out_type='raw',
           arch=dict(embed_dims=48, num_layers=1, num_heads=3, feedforward_channels=96))


def build_vit(**options):
    vit = MODELS.build({**VIT, **options})
    vit.eval()  # mmpretrain's returns None
    return vit


@pytest.mark.parametrize('shape', SHAPES)
def test_every_backbone_says_what_it_does(shape):
    image = torch.randn(1, 3, *shape)
    conformer, vit = build_backbone(), build_vit()
    with torch.no_grad():
        tokens = {conformer: conformer(image)[-1][1], vit: vit(image)[-1]}
        vit.out_type = 'featmap'
        assert tuple(vit(image)[-1].shape[-2:]) == token_grid(vit, shape)
    for backbone, found in tokens.items():
        rows, columns = token_grid(backbone, shape)
        assert found.shape[1] == 1 + rows * columns
        assert covered_shape(backbone, shape) == (16 * rows, 16 * columns)
        assert rows == -(-shape[0] // 16) and columns == -(-shape[1] // 16)


def test_patches_that_overlap_or_are_not_padded():
    for cfg, grid in ((dict(padding=0), (3, 6)), (dict(stride=8, padding=0), (5, 11)),
                      (dict(padding='same'), (4, 6))):
        vit = build_vit(patch_cfg=cfg)
        assert token_grid(vit, (49, 96)) == grid
        assert covered_shape(vit, (49, 96)) == (49, 96)
        assert tuple(vit.patch_embed(torch.zeros(1, 3, 49, 96))[1]) == grid


def test_an_input_of_odd_sides_has_its_map_in_place():
    """What is high in the lower half of the tokens is high in the lower half of the map."""
    model = build_localizer(backbone=dict(cabl_blocks='none'), attention='none', union='max', scales=['native'])
    grids = []
    maps = model.head.class_maps
    model.head.class_maps = lambda *args: grids.append(maps(*args)) or grids[-1]
    model.localize([torch.randn(3, 49, 96)], [(49, 96)])
    assert grids[0]['trans'].shape[-2:] == (4, 6)


def test_a_map_of_a_padded_vit_is_cut_where_the_image_ends():
    model = build_localizer(attention='none', scales=['native'], backbone=None)
    model.backbone, model.head.conv_cls_head = build_vit(), None
    model.head.class_maps = lambda *args: dict(trans=torch.arange(4.)[:, None].expand(1, 1, 4, 6))
    found = model.localize([torch.randn(3, 49, 96)], [(49, 96)])[1][0]
    whole = F.interpolate(torch.arange(4.)[:, None].expand(1, 1, 4, 6), size=(64, 96), mode='bilinear')[0, 0, :49]
    assert torch.allclose(found, whole, atol=1e-6)


def test_a_backbone_that_cannot_say_gets_the_only_grid_or_a_sentence():
    assert token_grid(nn.Linear(3, 3), (64, 96)) is None and covered_shape(nn.Linear(3, 3), (49, 96)) == (49, 96)
    assert only_grid(24, (64, 96)) == (4, 6) and only_grid(24, (96, 64)) == (6, 4)
    assert only_grid(24, (49, 96)) == (4, 6), 'not 3 x 8'
    assert only_grid(2304, (768, 768)) == (48, 48)
    for count, shape in ((10007, (512, 512)), (24, (48, 48)), (0, (64, 64))):
        with pytest.raises(ValueError, match=f'{count} patch tokens of a {shape[0]} x .*form no grid.*token_grid'):
            only_grid(count, shape)


@given(st.tuples(st.integers(32, 200), st.integers(32, 200)), st.integers(1, 64), st.booleans())
def test_the_only_grid_is_that_of_any_patch_size(shape, side, padded):
    grid = tuple(-(-s // side) if padded else s // side for s in shape)
    if grid[0] * grid[1]:
        assert only_grid(grid[0] * grid[1], shape) == grid
