"""Pixel scores against scikit-learn and closed forms; trivial masks; the method's rank among them."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, jaccard_score, matthews_corrcoef, roc_auc_score

from mmcabl.evaluation import PixelF1, PixelScores, trivial_masks
from mmcabl.evaluation.pixel_scores import ranks
from tests.test_metrics import run, sample


@pytest.mark.parametrize('part', [-1, 0.1, 0.5, 2])
def test_masks_equal_sklearn(part):
    """From nothing marked to everything."""
    rng = np.random.default_rng(3)
    truth = rng.random((37, 51)) < 0.2
    pred = rng.random(truth.shape) < part
    found = PixelScores.of_mask(pred, truth)
    t, p = truth.ravel(), pred.ravel()
    assert found['p_mcc'] == pytest.approx(matthews_corrcoef(t, p), abs=1e-12)
    both = [jaccard_score(a, b, zero_division=0) for a, b in ((t, p), (~t, ~p))]
    assert found['p_iou_authentic'] == pytest.approx(both[1], abs=1e-12)
    assert found['p_miou'] == pytest.approx(np.mean(both), abs=1e-12)


def test_large_masks_do_not_overflow():
    truth = np.zeros((4000, 3000), bool)
    truth[:1000] = True
    pred = np.roll(truth, 500, 0)
    assert PixelScores.of_mask(pred, truth)['p_mcc'] == pytest.approx(1 / 3)  # (0.125 - 0.0625) / (0.25 * 0.75)


@pytest.mark.parametrize('levels', [3, 256, 4096])
def test_maps_equal_sklearn_with_ties(levels):
    rng = np.random.default_rng(levels)
    truth = rng.random((37, 51)) < 0.2
    cam = np.floor(np.clip(rng.random(truth.shape) * 0.7 + 0.3 * truth, 0, 0.999) * levels) / levels
    found = PixelScores.of_map(cam, truth)
    assert found['p_ap'] == pytest.approx(average_precision_score(truth.ravel(), cam.ravel()), abs=1e-9)
    assert found['p_auc'] == pytest.approx(roc_auc_score(truth.ravel(), cam.ravel()), abs=1e-9)
    assert found['p_auc'] == pytest.approx(PixelF1.curve(cam, truth)['auc'], abs=1e-9)


def test_undefined_numbers():
    none, some = np.zeros((4, 5), bool), np.eye(4, 5) > 0
    assert PixelScores.of_mask(none, none) == dict(p_f1=0, p_mcc=0, p_iou_authentic=1, p_miou=0.5)
    assert np.isnan(PixelScores.of_map(np.full((4, 5), 0.5), none)['p_ap'])
    flat = PixelScores.of_map(np.full((4, 5), 0.5), some)
    assert flat == dict(p_auc=0.5, p_ap=pytest.approx(0.2))  # chance: the part that is forged
    with pytest.raises(ValueError, match=r'\(4, 5\), the true one \(5, 4\)'):
        PixelScores.of_mask(none, none.T)


def test_trivial_masks_have_their_closed_forms():
    masks = trivial_masks((200, 301), 'a.jpg')
    assert masks['all_ones'].mask.all() and masks['random'].mask.mean() == pytest.approx(0.5, abs=0.01)
    assert np.array_equal(masks['random'].mask, trivial_masks((200, 301), 'a.jpg')['random'].mask)
    centre = masks['centre']
    assert centre.mask.mean() == pytest.approx(np.pi / 4, abs=0.01)  # the ellipse that touches the borders
    assert centre.cam.max() == 1 and centre.cam.min() == 0 and centre.cam[100, 150] == pytest.approx(1, abs=1e-3)
    for turned in (centre.cam[::-1], centre.cam[:, ::-1]):
        assert np.allclose(turned, centre.cam, atol=1e-6)
    assert all(np.isfinite(m.cam).all() for m in trivial_masks((1, 1)).values())


def test_reported_numbers_ranks_and_what_is_kept_of_each_image():
    samples = [sample(i, i % 2, shape=(40, 50)) for i in range(4)]
    metric = PixelScores()
    metric.process(None, samples)
    row = next(r.row for r in metric.results if r.row)
    assert row['p_f1'] == PixelF1.calculate(samples[1]['pred_mask'], samples[1]['gt_mask'])
    found = metric.evaluate(4)
    rows = [PixelScores.of_mask(s['pred_mask'], s['gt_mask']) for s in samples if s['gt_label'].item()]
    assert found['p_mcc'] == pytest.approx(np.mean([r['p_mcc'] for r in rows]))
    assert found['p_mcc_all_ones'] == 0 and found['p_auc_all_ones'] == 0.5
    assert found['p_miou_all_ones'] == pytest.approx((20 / 2000) / 2)  # the truth is 4 x 5 of 40 x 50 pixels
    both = {**run(PixelF1(), samples), **found}
    assert len(both) == len(run(PixelF1(), samples)) + len(found)  # no number twice
    place = 1 + sum(both[f'p_f1_{k}'] > both['p_f1'] for k in ('all_ones', 'random', 'centre'))
    assert found['p_f1_rank'] == place
    alone = run(PixelScores(trivial=False), samples)
    assert set(alone) == {'p_mcc', 'p_iou_authentic', 'p_miou', 'p_ap'}


def test_ties_share_their_places():
    assert ranks(dict(p_f1=0.3, p_f1_a=0.4, p_f1_b=0.3, p_f1_c=0.1)) == {'p_f1_rank': 2.5}
    assert ranks(dict(p_mcc=0.2, p_mcc_a=0., p_mcc_b=0.1)) == {'p_mcc_rank': 1}


def test_a_set_that_was_saved_again_is_in_no_average():
    samples = [sample(i, 1, dataset_name=name) for name in ('CASIAv1', 'CASIAv1-q90', 'COVERAGE') for i in range(3)]
    found = run(PixelScores(), samples)
    assert found['average/p_mcc'] == pytest.approx((found['CASIAv1/p_mcc'] + found['COVERAGE/p_mcc']) / 2)
    assert 'CASIAv1-q90/p_mcc' in found
