"""Parts of the weakly supervised comparison systems against their public code's numbers and closed forms."""

import numpy as np
import pytest
import torch

from mmcabl.models.layers import (
    ASPP,
    PAMR,
    ConsistencyVolume,
    GlobalCueInjection,
    NormalizedGlobalWeightedPooling,
    OtsuPooling,
    StochasticGate,
)
from mmcabl.models.layers.consistency_volume import pair_volume, volume_map
from mmcabl.models.layers.global_weighted_pooling import focal_penalty, with_background
from mmcabl.models.layers.otsu_pooling import GlobalMaxPooling, otsu_split
from mmcabl.registry import MODELS


@pytest.fixture(scope='module')
def modules(shared):
    """Araslanov and Roth's."""
    return {name: torch.from_numpy(array) for name, array in np.load(
        shared / 'table1/araslanov_roth_modules.npz').items()}


def close(found, expected, rtol=1e-5):
    """Within a part of the largest value."""
    error = (found - expected).abs().max() / expected.abs().max()
    assert found.shape == expected.shape and error < rtol, float(error)


def plain_split(values):
    """Otsu's split of an ascending list, searched step by step."""
    def cost(i):
        parts = values[:i], values[i:]
        return sum(len(p) / len(values) * (np.var(p, ddof=1) if len(p) > 1 else np.nan) for p in parts)

    at = len(values) // 2
    if len(values) < 3:
        return at
    downwards = at > 1 and not cost(at - 1) > cost(at)
    while not downwards and at + 1 < len(values) and not cost(at + 1) > cost(at):
        at += 1
    return at


@pytest.mark.parametrize('count', [1, 2, 3, 4, 5, 6, 7, 36, 101])
def test_the_split_is_the_step_by_step_search_s(count):
    rng = np.random.default_rng(count)
    rows = [rng.uniform(size=count), rng.uniform(size=count) ** 4, rng.beta(0.2, 0.2, count),
            np.r_[rng.normal(0.1, 0.02, count - count // 4), rng.normal(0.8, 0.05, count // 4)]] * 3
    ordered = torch.from_numpy(np.sort(rows)).float()
    expected = [plain_split(row) for row in ordered.double().numpy()]
    assert otsu_split(ordered).tolist() == expected


def test_pooling_of_two_groups_of_one_value_and_of_next_to_nothing():
    maps = torch.full((1, 1, 10, 10), 0.1)
    maps[..., :3, :8] = 0.9
    pooled = OtsuPooling()
    assert float(pooled(maps)) == pytest.approx(0.9)
    assert float(pooled(maps.repeat(2, 1, 1, 1)[:, :, :9])[1]) == pytest.approx(0.9)  # odd numbers of rows
    assert float(pooled(torch.full((1, 1, 7, 7), 0.25))) == pytest.approx(0.25)
    assert float(OtsuPooling(portion=0.01)(maps * torch.linspace(0.5, 1, 10))) == pytest.approx(0.9 * (0.5 + 7 / 18))
    assert pooled(torch.tensor([[0.3, 0.7], [0.2, 0.1]])).tolist() == pytest.approx([0.7, 0.2])
    assert pooled(torch.tensor([[[[0.3]]]])).tolist() == pytest.approx([0.3])
    assert GlobalMaxPooling()(maps).tolist() == pytest.approx([0.9])
    for portion in (0, 1.5):
        with pytest.raises(ValueError, match='0 < portion <= 1'):
            OtsuPooling(portion)


def test_pooling_s_gradient_is_shared_by_what_was_taken():
    maps = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(1)).requires_grad_()
    OtsuPooling()(maps).sum().backward()
    taken = maps.grad.flatten(1) > 0
    for row, chosen, grad in zip(maps.detach().flatten(1), taken, maps.grad.flatten(1)):
        assert row[chosen].min() >= row[~chosen].max() and chosen.sum() <= 32
        assert torch.allclose(grad[chosen], 1 / chosen.sum())


def test_volume_is_its_equation_and_symmetric_when_shared():
    layer = ConsistencyVolume(6, 4).eval()
    x = torch.randn(2, 6, 3, 5)
    with torch.no_grad():
        volume, theta, phi = layer(x), layer.theta(x), layer.phi(x)
        expected = 1 - torch.sigmoid(theta[1, :, 2, 4] @ phi[1, :, 0, 3] / 2)
        assert volume.shape == (2, 3, 5, 3, 5) and torch.allclose(volume[1, 2, 4, 0, 3], expected)
        shared = ConsistencyVolume(6, shared=True)(x)
        assert torch.allclose(shared, shared.permute(0, 3, 4, 1, 2))
    mask = torch.zeros(1, 1, 3, 5)
    mask[..., 0, :2] = 1
    pairs = pair_volume(mask)
    assert pairs[0, 0, 1, 2, 2] == 1 and pairs[0, 0, 0, 0, 1] == 0 and pairs.sum() == 2 * 2 * 13
    assert torch.allclose(volume_map(pairs)[0, 0], torch.where(mask[0, 0] > 0, 13 / 15, 2 / 15))


def test_pamr_numbers(modules):
    image = modules['pamr_image_uint8'].float() / 255
    close(PAMR(1, [1])(image, modules['pamr_mask']), modules['pamr_iter1_k1'])
    close(PAMR()(image, modules['pamr_mask']), modules['pamr_iter10_k6'])


@pytest.mark.parametrize('size', [(1, 1), (1, 40), (7, 5)])
def test_pamr_of_any_image(size):
    image, masks = torch.rand(1, 3, *size), torch.rand(1, 2, *size)
    refined = PAMR()(image, masks)
    assert refined.shape == masks.shape and torch.isfinite(refined).all()
    assert refined.min() >= masks.min() - 1e-6 and refined.max() <= masks.max() + 1e-6
    flat = PAMR(1, [1])(torch.ones(1, 3, 9, 9), torch.rand(1, 1, 9, 9))  # all neighbours alike: no NaN
    assert torch.isfinite(flat).all()


def test_gate_numbers_and_expectation(modules):
    deep, shallow = modules['sg_deep'], modules['sg_shallow']
    for psi in (0.3, 0.5):
        close(StochasticGate(psi).eval()(deep, shallow), modules[f'sg_eval_psi{psi}'])
    close(StochasticGate(0.3)(deep, shallow, modules['sg_train_keep_mask']), modules['sg_train_psi0.3'])
    torch.manual_seed(0)
    drawn = StochasticGate(0.3)(torch.full((200000,), 2.), torch.full((200000,), -1.))
    assert float(drawn.mean()) == pytest.approx(2, abs=0.05) and len(drawn.unique()) == 2


def test_weighted_pooling_numbers(modules):
    logits = modules['ngwp_logits_without_bg']
    close(NormalizedGlobalWeightedPooling(weight=None)(logits), modules['ngwp_scores'])
    close(NormalizedGlobalWeightedPooling()(logits), modules['class_scores'])
    share = with_background(logits).softmax(1)[:, 1:].mean((2, 3))
    close(focal_penalty(share), modules['focal_p3_lambda0.01'])
    close(focal_penalty(share, 5, 0.1), modules['focal_p5_lambda0.1'])
    scores = NormalizedGlobalWeightedPooling()(logits)
    close(torch.nn.functional.multilabel_soft_margin_loss(scores, modules['labels']), modules['loss_softmargin'])


def test_penalty_stays_finite_where_a_mask_is_all_or_nothing():
    logits = torch.tensor([-200., 200.]).view(2, 1, 1, 1).expand(2, 1, 4, 4).clone().requires_grad_()
    scores = NormalizedGlobalWeightedPooling(p=2.5)(logits)
    scores.sum().backward()
    assert torch.isfinite(scores).all() and torch.isfinite(logits.grad).all()


def test_aspp_takes_one_image_in_training_and_keeps_statistics_when_told():
    layer = ASPP(8, 4, dilations=(1, 2), norm_eval=False)
    assert torch.isfinite(layer(torch.randn(1, 8, 5, 6))).all()
    before = layer.image_branch.bn.running_mean.clone()
    layer(torch.randn(3, 8, 5, 6))
    assert not torch.equal(layer.image_branch.bn.running_mean, before)
    kept = ASPP(8, 4, dilations=(1, 2), norm_eval=True).train()
    kept(torch.randn(3, 8, 5, 6) + 5)
    assert all(not m.running_mean.any() for m in kept.modules() if isinstance(m, torch.nn.BatchNorm2d))


def test_cues_do_not_depend_on_where_they_are():
    layer = GlobalCueInjection(6, 4).eval()
    shallow, deep = torch.randn(1, 6, 5, 5), torch.randn(1, 4, 3, 3)
    with torch.no_grad():
        close(layer(shallow, deep.flip(-1)), layer(shallow, deep))
        close(layer(shallow.flip(-1), deep).flip(-1), layer(shallow, deep))


@pytest.mark.parametrize('cfg, text', [
    (dict(type='PAMR', dilations=[]), 'distances from 1 px'), (dict(type='StochasticGate', psi=1), '0 <= psi < 1'),
    (dict(type='NormalizedGlobalWeightedPooling', weight=0), 'more than 0')])
def test_bad_options_are_sentences(cfg, text):
    with pytest.raises(ValueError, match=text):
        MODELS.build(dict(cfg, type=f"mmcabl.{cfg['type']}"))
