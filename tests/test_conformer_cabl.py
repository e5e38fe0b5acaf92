"""The backbone against mmpretrain's own, and over sizes and options."""

import copy
import pickle

import pytest
import torch
from mmpretrain.models.backbones import Conformer

from mmcabl.models.backbones.conformer_cabl import ConformerCABL, parse_blocks
from tests.conftest import ARCH, build_backbone, randomise


@pytest.mark.parametrize('size', [(64, 64), (96, 64), (50, 77)])
def test_without_cabl_is_mmpretrains_conformer_exactly(size):
    theirs = randomise(Conformer(arch=ARCH))
    ours = ConformerCABL(arch=ARCH, cabl_blocks='none', last_stride=2, out_type='pooled')
    ours.load_state_dict(theirs.state_dict())
    ours.eval()
    image = torch.randn(2, 3, *size)
    with torch.no_grad():
        for a, b in zip(theirs(image)[-1], ours(image)[-1]):
            assert torch.equal(a, b)


@pytest.mark.parametrize('arch, channels', [('tiny', 256), ('small', 1024), ('base', 1536)])
def test_published_archs_have_mmpretrains_parameters(arch, channels):
    theirs, ours = Conformer(arch).state_dict(), ConformerCABL(arch).state_dict()
    assert {k: v.shape for k, v in theirs.items()} == {k: v.shape for k, v in ours.items()}
    assert ours['conv_trans_12.fusion_block.bn3.weight'].shape == (channels,)


@pytest.mark.parametrize('size', [(32, 32), (33, 47), (40, 96), (64, 48), (100, 36)])
@pytest.mark.parametrize('stride', [1, 2])
def test_any_size_keeps_grid_and_map_together(size, stride):
    backbone = build_backbone(last_stride=stride)
    with torch.no_grad():
        feature, tokens = backbone(torch.randn(1, 3, *size))[-1]
    rows, columns = (-(-s // 16) for s in size)
    assert backbone.covered_shape(size) == (16 * rows, 16 * columns)
    assert tokens.shape == (1, 1 + rows * columns, 48)
    assert feature.shape == (1, 256, -(-rows // stride), -(-columns // stride))


def test_cabl_acts_in_its_blocks_only():
    image = torch.randn(1, 3, 64, 64)
    plain = build_backbone(cabl_blocks='none', out_indices=[2, 3, 4, 5, 6], out_type='featmap')
    late = copy.deepcopy(plain)
    late.cabl.update({str(i): torch.nn.Identity() for i in (1, 2, 3)})
    amplified = build_backbone(cabl_blocks='5', out_indices=[2, 3, 4, 5, 6], out_type='featmap')
    amplified.load_state_dict(plain.state_dict())
    with torch.no_grad():
        base, same, changed = plain(image), late(image), amplified(image)
        for a, b in zip(base, same):
            assert torch.equal(a, b)
        for index, (a, b) in enumerate(zip(base, changed), start=2):
            assert torch.equal(a, b) == (index < 5)
        assert torch.equal(changed[3], amplified.cabl['5'](base[3]))


def test_coupling_reading_changes_the_tokens_of_the_same_block():
    image = torch.randn(1, 3, 64, 64)
    base = build_backbone(cabl_blocks='6')
    other = build_backbone(cabl_blocks='6', cabl_on_coupling=True)
    other.load_state_dict(base.state_dict())
    with torch.no_grad():
        assert not torch.equal(base(image)[-1][1], other(image)[-1][1])
    pickle.loads(pickle.dumps(other))


def test_cabl_adds_no_parameters():
    assert build_backbone().state_dict().keys() == build_backbone(cabl_blocks='none').state_dict().keys()


def test_folded_copy_gives_the_same_features_and_leaves_the_original():
    backbone, image = build_backbone(), torch.randn(2, 3, 64, 80)
    before = copy.deepcopy(backbone.state_dict())
    with torch.no_grad():
        expected, found = backbone(image)[-1], backbone.folded()(image)[-1]
    for a, b in zip(expected, found):
        assert (a - b).abs().max() <= 1e-5 * a.abs().max()
    assert all(torch.equal(before[k], v) for k, v in backbone.state_dict().items())
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in backbone.folded().conv_trans_2.modules())


def test_gradients_reach_every_parameter():
    backbone = build_backbone().train()
    feature, tokens = backbone(torch.randn(2, 3, 64, 64))[-1]
    (feature.square().mean() + tokens.square().mean()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in backbone.parameters())


@pytest.mark.parametrize('blocks, expected', [
    ('none', []), (None, []), ('all', [1, 2, 3, 4, 5, 6]), ('1-4', [1, 2, 3, 4]), ([2, 5], [2, 5]),
    ('1-2,6', [1, 2, 6]), (3, [3]), ([], [])])
def test_parse_blocks(blocks, expected):
    assert sorted(parse_blocks(blocks, 6)) == expected


@pytest.mark.parametrize('blocks', ['1-7', 'some', '4-2', [0], {'a': 1}])
def test_bad_blocks(blocks):
    with pytest.raises(ValueError, match='numbers from 1 to 6'):
        parse_blocks(blocks, 6)


@pytest.mark.parametrize('kwargs, message', [
    (dict(arch='huge'), "Unknown arch 'huge'.*small"), (dict(arch=dict(depths=6)), 'needs exactly'),
    (dict(arch=dict(ARCH, depths=4)), 'multiple of 3'), (dict(arch=dict(ARCH, num_heads=5)), 'divide'),
    (dict(last_stride=3), 'accepted are 1'), (dict(out_type='maps'), 'raw, pooled, featmap'),
    (dict(out_indices=9), '2 to 6'), (dict(cabl=dict(operator='canny')), "'canny'")])
def test_bad_options(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ConformerCABL(**{'arch': ARCH, **kwargs})


def test_inputs_below_32_px_are_named():
    with pytest.raises(ValueError, match='31 x 64 px'):
        build_backbone()(torch.randn(1, 3, 31, 64))
