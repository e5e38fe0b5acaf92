"""The head: Eq. (3), class maps by construction, one or two branches."""

import pytest
import torch
from mmpretrain.structures import DataSample
from torch.nn import functional as F

from mmcabl.models.heads import WeakLabelHead
from mmcabl.registry import MODELS

LABELS = [0, 1, 1]


def samples(labels=LABELS):
    return [DataSample().set_gt_label(v) for v in labels]


@pytest.fixture
def feats():
    return (torch.randn(3, 8, 4, 6), torch.randn(3, 1 + 24, 5)),


def test_loss_is_the_sum_of_both_branches_bce(feats):
    head = WeakLabelHead(in_channels=8, embed_dims=5)
    logits, losses = head(feats), head.loss(feats, samples())
    target = torch.tensor(LABELS)[:, None].float()
    assert set(losses) == {'loss_conv', 'loss_trans'}
    for branch in ('conv', 'trans'):
        expected = F.binary_cross_entropy_with_logits(logits[branch], target)
        assert torch.allclose(losses[f'loss_{branch}'], expected)


def test_logit_is_the_mean_of_the_class_map(feats):
    head = WeakLabelHead(in_channels=8, embed_dims=5, num_classes=3)
    maps, logits = head.class_maps(feats, (64, 96)), head(feats)
    assert torch.allclose(maps['conv'].mean((-2, -1)), logits['conv'], atol=1e-6)
    assert maps['conv'].shape == maps['trans'].shape == (3, 3, 4, 6)
    assert torch.allclose(maps['trans'][1, :, 3, 5], head.trans_cls_head(feats[0][1][1, 24]), atol=1e-6)


@pytest.mark.parametrize('which, conv, trans', [('both', 3, -2), ('none', 0, 0), ('conv', 3, 0)])
def test_biases_of_the_class_maps(feats, which, conv, trans):
    head = WeakLabelHead(in_channels=8, embed_dims=5, map_bias=which)
    head.conv_cls_head.bias.data.fill_(3)
    head.trans_cls_head.bias.data.fill_(-2)
    maps = head.class_maps([(torch.zeros(3, 8, 4, 6), torch.zeros(3, 25, 5))], (64, 96))
    assert maps['conv'].eq(conv).all() and maps['trans'].eq(trans).all()
    assert head(feats)['conv'].mean() > 2.5, 'the logits carry their biases whatever the maps do'


def test_by_default_no_branch_is_favoured_by_the_unit_of_its_map():
    head = WeakLabelHead(in_channels=8, embed_dims=8, kernel_size=1)
    head.trans_cls_head.weight.data = head.conv_cls_head.weight.data.flatten(1)  # the same classifier twice
    head.trans_cls_head.bias.data = head.conv_cls_head.bias.data.fill_(5)
    x = torch.randn(1, 8, 4, 6)
    maps = head.class_maps([(x, torch.cat([x.mean((-2, -1))[:, None], x.flatten(2).mT], 1))], (64, 96))
    assert torch.allclose(maps['conv'], maps['trans'], atol=1e-5)


def test_log_mean_exp_lies_between_mean_and_maximum(feats):
    heads = {r: WeakLabelHead(in_channels=8, embed_dims=5, pooling='lse', sharpness=r, token_summary='patches')
             for r in (1e-3, 2., 200.)}
    state = heads[2.].state_dict()
    for head in heads.values():
        head.load_state_dict(state)
    for branch in ('conv', 'trans'):
        scores = heads[2.].class_maps(feats, (64, 96))[branch].flatten(2)
        low, middle, high = (heads[r](feats)[branch] for r in (1e-3, 2., 200.))
        assert torch.allclose(middle, (scores * 2).exp().mean(-1).log() / 2, atol=1e-5)
        assert torch.allclose(low, scores.mean(-1), atol=1e-3)
        assert torch.allclose(high, scores.amax(-1), atol=0.02)  # log(24) / 200 at most
        assert (low < middle).all() and (middle < high).all()


def test_patches_are_summarised_by_their_mean_and_the_class_token_is_left_out(feats):
    head = WeakLabelHead(embed_dims=5, token_summary='patches')
    expected = head.trans_cls_head(feats[0][1][:, 1:]).mean(1)
    assert torch.allclose(head(feats)['trans'], expected, atol=1e-6)
    for wrong in (dict(pooling='max'), dict(token_summary='all'), dict(sharpness=0.)):
        with pytest.raises(ValueError, match='WeakLabelHead.*accept'):
            WeakLabelHead(embed_dims=5, **wrong)


def test_score_is_the_mean_probability(feats):
    head = WeakLabelHead(in_channels=8, embed_dims=5)
    found = head.predict(feats)
    logits = head(feats)
    expected = (logits['conv'].sigmoid() + logits['trans'].sigmoid()) / 2
    for sample, value in zip(found, expected):
        assert torch.allclose(sample.pred_score, torch.cat([1 - value, value]))
        assert sample.pred_label.item() == int(value >= 0.5)


@pytest.mark.parametrize('backbone, options, image', [
    (dict(type='mmpretrain.ResNet', depth=18), dict(in_channels=512), 64),
    (dict(type='mmpretrain.VisionTransformer', arch='deit-tiny', img_size=64, out_type='raw'),
     dict(embed_dims=192), 64)])
def test_one_branch_backbones(backbone, options, image):
    backbone, head = MODELS.build(backbone), WeakLabelHead(**options)
    feats = backbone(torch.randn(3, 3, image, image))
    losses = head.loss(feats, samples())
    assert len(losses) == 1
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in head.parameters())
    assert next(iter(head.class_maps(feats, (image, image)).values())).shape[:2] == (3, 1)


def test_several_labels_and_soft_scores(feats):
    head = WeakLabelHead(in_channels=8, num_classes=4)
    multi = [DataSample().set_gt_label(v) for v in ([0, 2], [1], [3])]
    target = torch.tensor([[1., 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    expected = F.binary_cross_entropy_with_logits(head(feats)['conv'], target)
    assert torch.allclose(head.loss(feats, multi)['loss_conv'], expected)
    soft = [DataSample().set_gt_score([0.2, 0.3, 0.5, 0.0]) for _ in LABELS]
    expected = F.binary_cross_entropy_with_logits(head(feats)['conv'], torch.tensor([[0.2, 0.3, 0.5, 0]] * 3))
    assert torch.allclose(head.loss(feats, soft)['loss_conv'], expected)


def test_bad_input_is_named(feats):
    with pytest.raises(ValueError, match='neither was given'):
        WeakLabelHead()
    with pytest.raises(ValueError, match='num_classes=0'):
        WeakLabelHead(in_channels=8, num_classes=0)
    with pytest.raises(ValueError, match="map_bias 'all'.*both, none, conv"):
        WeakLabelHead(in_channels=8, map_bias='all')
    with pytest.raises(ValueError, match=r'labels 0 \(authentic\) and 1.*\[0, 3\]'):
        WeakLabelHead(in_channels=8).loss(feats, samples([0, 3, 3]))
    with pytest.raises(ValueError, match='returned 24 patch tokens where its grid is 4 x 5'):
        WeakLabelHead(in_channels=8, embed_dims=5).class_maps(feats, (64, 80), (4, 5))
    with pytest.raises(ValueError, match="embed_dims set.*'raw'"):
        WeakLabelHead(embed_dims=5)((torch.randn(1, 8, 4, 4),))
