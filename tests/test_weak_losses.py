"""Losses of the weakly supervised comparison systems: their public code's numbers, closed forms, odd batches."""

import math

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub

from mmcabl.models import WSCL
from mmcabl.models.layers import OtsuPooling
from mmcabl.models.layers.consistency_volume import volume_map
from mmcabl.models.losses import (
    BalancedMaskLoss,
    EntropyLoss,
    ImageLabelLoss,
    InterPatchConsistencyLoss,
    MultiSourceConsistencyLoss,
    SelfConsistencyLoss,
    pseudo_masks,
)
from mmcabl.models.losses.multi_source import superpixel_mean
from mmcabl.models.losses.progress import gaussian_ramp, training_progress
from tests.test_weak_layers import close

SOURCES = ('rgb', 'srm', 'bayar')
WEIGHTS = dict(rgb=1, srm=2, bayar=2)


@pytest.fixture(scope='module')
def numbers(shared):
    """WSCL's."""
    return {name: torch.from_numpy(array) for name, array in np.load(shared / 'table1/wscl_losses.npz').items()}


@pytest.fixture
def maps(numbers):
    return {source: numbers[f'{source}_map'] for source in SOURCES}


@pytest.fixture
def volumes(numbers):
    return {source: numbers[f'{source}_volume'] for source in SOURCES}


def test_scores_and_label_losses(numbers, maps):
    for source, found in maps.items():
        score = OtsuPooling()(found)
        close(score, numbers[f'{source}_otsu_score'])
        close(ImageLabelLoss()(score, numbers['labels']), numbers[f'map_label_loss_{source}'])
    close(ImageLabelLoss(whole_map=True)(numbers['rgb_otsu_score'], numbers['labels'], maps['rgb']),
          numbers['map_label_loss_whole_rgb'])


def test_multi_source_consistency(numbers, maps):
    hard = MultiSourceConsistencyLoss(WEIGHTS)
    target = hard.target(maps, numbers['labels'])
    assert torch.equal(target, numbers['msc_hard_target'].float())
    assert not target[1].any() and target[2].sum() == 1  # authentic; nothing above 0.5: the maximum alone
    found = hard(maps, target)
    for source in SOURCES:
        close(found[source], numbers[f'msc_hard_loss_{source}'])
    close(sum(found.values()), numbers['msc_hard_loss_total'])
    soft = MultiSourceConsistencyLoss(WEIGHTS, soft=True, zeros_on_authentic=True)
    target = soft.target(maps, numbers['labels'])
    close(target, numbers['msc_soft_zeros_target'])
    close(sum(soft(maps, target).values()), numbers['msc_soft_zeros_loss_total'])


def test_superpixels(numbers, maps):
    close(superpixel_mean(maps['rgb'], numbers['superpixels']), numbers['superpixel_target_rgb'])


def test_volume_losses(numbers, maps, volumes):
    target, loss = numbers['msc_hard_target'], InterPatchConsistencyLoss()
    assert torch.equal(loss.target(volumes['rgb'], target), numbers['ipc_target_volume'].float())
    for source in SOURCES:
        close(loss(volumes[source], target), numbers[f'ipc_loss_{source}'])
    close(volume_map(volumes['rgb'], (14, 14)), numbers['volume_seg_map_rgb'])
    close(SelfConsistencyLoss()(volumes['rgb'], maps['rgb']), numbers['self_consistency_l2_rgb'])
    close(EntropyLoss()(maps['rgb']), numbers['entropy_rgb'])


@pytest.mark.parametrize('epoch', [0, 30, 59])
def test_the_whole_loss_of_a_training(numbers, maps, volumes, epoch):
    backbone = dict(type='mmpretrain.ResNet', depth=18, base_channels=4, stem_channels=4)
    model = WSCL(backbone, dict(type='mmcabl.FCNStream', head=dict(in_channels=(32, ), channels=4)),
                 dict.fromkeys(SOURCES), dict(in_channels=8))
    total = sum(model.consistency(maps, volumes, numbers['labels'], epoch / 60).values())
    total = total + sum(ImageLabelLoss()(OtsuPooling()(found), numbers['labels']) for found in maps.values())
    close(total, numbers[f'bundled_total_epoch{epoch}_of60'])


def test_an_authentic_batch_has_an_empty_target(maps):
    authentic = torch.zeros(3)
    loss = MultiSourceConsistencyLoss(WEIGHTS)
    target = loss.target(maps, authentic)
    assert not target.any()
    assert float(loss(maps, target)['rgb']) == pytest.approx(float(maps['rgb'].square().mean()))
    assert not InterPatchConsistencyLoss.target(torch.zeros(3, 2, 2, 2, 2), target).any()


def test_certain_and_wrong_is_finite():
    score = torch.tensor([0., 1.], requires_grad=True)
    loss = ImageLabelLoss()(score, torch.tensor([1., 0.]))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(score.grad).all()
    assert torch.isfinite(EntropyLoss()(torch.tensor([0., 1.])))


def test_pseudo_masks_and_balanced_loss(shared):
    numbers = {k: torch.from_numpy(v) for k, v in np.load(shared / 'table1/araslanov_roth_modules.npz').items()}
    assert torch.equal(pseudo_masks(numbers['pseudo_in']), numbers['pseudo_gt'].float())
    logits = numbers['ngwp_logits_without_bg']
    logits = torch.cat([torch.ones_like(logits[:, :1]), logits], 1)
    loss = BalancedMaskLoss()(logits, numbers['pseudo_gt'].float(), numbers['labels'])
    close(loss, numbers['balanced_mask_loss'])


def test_balanced_loss_in_closed_form():
    pseudo = torch.zeros(1, 2, 2, 4)
    pseudo[:, 0, :, :3], pseudo[:, 1, 0, 3] = 1, 1  # 6 background, 1 manipulated, 1 of neither
    loss = BalancedMaskLoss()(torch.zeros(1, 2, 2, 4), pseudo, torch.ones(1, 1))
    assert float(loss) == pytest.approx(math.log(2) * (6 * 1 / 8 + 1 * 6 / 8) / 8)
    authentic = pseudo.clone()
    authentic[:, 1] = 0
    assert float(BalancedMaskLoss()(torch.randn(1, 2, 2, 4), authentic, torch.zeros(1, 1))) == 0
    assert float(BalancedMaskLoss()(torch.randn(1, 2, 2, 4), torch.zeros(1, 2, 2, 4), torch.ones(1, 1))) == 0


def test_the_ramp():
    assert gaussian_ramp(1) == 1 and gaussian_ramp(0) == pytest.approx(math.exp(-5))
    assert gaussian_ramp(0.5, 2) == pytest.approx(math.exp(-0.5))


def test_progress_is_what_the_runner_tells():
    hub = MessageHub.get_instance('progress')
    try:
        assert training_progress() == (0, 0.)  # outside of a training
        for told, expected in ((dict(epoch=15, max_epochs=60, iter=7, max_iters=9), (15, 0.25)),
                               (dict(epoch=0, max_epochs=1, iter=30, max_iters=120), (0, 0.25))):
            for name, value in told.items():
                hub.update_info(name, value)
            assert training_progress() == expected
    finally:
        hub.runtime_info.clear()


def test_bad_options_are_sentences():
    with pytest.raises(ValueError, match='a weight of 0 or more for each source'):
        MultiSourceConsistencyLoss(dict(rgb=-1))
    with pytest.raises(ValueError, match='accepted are l1, l2'):
        SelfConsistencyLoss('l3')
