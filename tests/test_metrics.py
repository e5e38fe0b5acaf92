"""Metrics against scikit-learn, closed forms and brute force; sharding; memory."""

import tracemalloc

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, roc_auc_score

from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.registry import METRICS


@pytest.mark.parametrize('decimals', [1, 2, 8])
def test_auc_and_ap_equal_their_definitions_with_ties(decimals):
    rng = np.random.default_rng(decimals)
    label = rng.integers(0, 2, 200)
    score = np.round(rng.random(200) + 0.3 * label, decimals)
    pairs = score[label == 1][:, None] - score[label == 0]  # ranked right, ties half
    assert ImageAUC.calculate(score, label) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean(), abs=1e-12)
    steps = [(label[score >= t].sum() / label.sum(), label[score >= t].mean()) for t in np.unique(score)[::-1]]
    area = sum((recall - before) * precision for (recall, precision), (before, _) in zip(steps, [(0, 1), *steps]))
    assert ImageAUC.average_precision(score, label) == pytest.approx(area, abs=1e-12)


def test_auc_and_ap_are_nan_where_undefined():
    for score, label in (([0.1, 0.2], [1, 1]), ([0.1, 0.2], [0, 0]), ([], []), ([0.1, np.inf], [0, 1]),
                         ([np.nan, 0.2], [0, 1])):
        assert np.isnan(ImageAUC.calculate(score, label)) and np.isnan(ImageAUC.average_precision(score, label))


def test_pixel_f1_equals_sklearn_and_closed_forms():
    rng = np.random.default_rng(0)
    pred, truth = rng.random((30, 40)) < 0.4, rng.random((30, 40)) < 0.2
    assert PixelF1.calculate(pred, truth) == pytest.approx(f1_score(truth.ravel(), pred.ravel()))
    assert PixelF1.calculate(truth, truth) == 1 and PixelF1.calculate(~truth, truth) == 0
    assert PixelF1.calculate(torch.from_numpy(pred), torch.from_numpy(truth)) == PixelF1.calculate(pred, truth)
    area = truth.mean()
    assert PixelF1.calculate(np.ones_like(truth), truth) == pytest.approx(2 * area / (1 + area))
    assert PixelF1.calculate(truth * 0, truth * 0) == 0
    with pytest.raises(ValueError, match=r'\(3, 4\), the true one \(4, 3\)'):
        PixelF1.calculate(np.zeros((3, 4)), np.zeros((4, 3)))


def test_curve_equals_brute_force():
    rng = np.random.default_rng(1)
    truth = rng.random((20, 30)) < 0.3
    cam = np.round(np.clip(rng.random((20, 30)) * 0.7 + 0.3 * truth, 0, 1) * 256) / 256
    found = PixelF1.curve(cam, truth)
    assert found['auc'] == pytest.approx(roc_auc_score(truth.ravel(), cam.ravel()), abs=1e-9)
    thresholds = np.unique(cam)
    assert found['best'] == pytest.approx(max(PixelF1.calculate(cam >= t, truth) for t in thresholds), abs=1e-9)
    for index in (4, 49, 89):
        expected = PixelF1.calculate(cam >= (index + 1) / 100, truth)
        assert found['f1'][index] == pytest.approx(expected, abs=1e-6)


def sample(index, label, score=0.5, shape=(8, 10), **extra):
    rng = np.random.default_rng(index)
    truth = np.zeros(shape, bool)
    if label:
        truth[:4, :5] = True
    mask = rng.random(shape) < 0.5
    return dict(sample_idx=index, img_path=f'{index}.jpg', gt_label=torch.tensor([label]),
                pred_score=torch.tensor([score]), gt_mask=truth, pred_mask=mask,
                masks=dict(null=~mask, box=mask), cam=rng.random(shape).astype(np.float32), **extra)


def run(metric, samples):
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_reported_numbers():
    samples = [sample(i, i % 2, score=s) for i, s in enumerate([0.1, 0.8, 0.6, 0.4])]
    image = run(ImageAUC(), samples)
    assert image == dict(i_auc=0.75, i_ap=pytest.approx(5 / 6), i_acc=0.5, i_f1=0.5, images=4, manipulated=2)
    pixel = run(PixelF1(), samples)
    forged = [samples[1], samples[3]]
    for key, mask in (('p_f1', 'box'), ('p_f1_box', 'box'), ('p_f1_null', 'null')):
        expected = np.mean([PixelF1.calculate(s['masks'][mask], s['gt_mask']) for s in forged])
        assert pixel[key] == pytest.approx(expected)
    iou = [(s['pred_mask'] & s['gt_mask']).sum() / (s['pred_mask'] | s['gt_mask']).sum() for s in forged]
    assert pixel['p_iou'] == pytest.approx(np.mean(iou)) and pixel['masks'] == 2
    assert pixel['p_f1_all_ones'] == pytest.approx(2 * 0.25 / 1.25)
    assert 0 <= pixel['p_f1_best_fixed'] <= pixel['p_f1_best'] <= 1


def test_duplicates_of_padded_shards_count_once_in_any_order():
    samples = [sample(i, i % 2, score=0.1 * i) for i in range(7)]
    expected = [run(m(), samples) for m in (ImageAUC, PixelF1)]
    shuffled = [samples[i] for i in (3, 0, 6, 3, 5, 1, 2, 4, 0, 6)]
    assert [run(m(), shuffled) for m in (ImageAUC, PixelF1)] == expected


def test_unevenly_split_ranks_are_joined(monkeypatch):
    samples = [sample(i, i % 2, score=0.1 * i) for i in range(7)]
    expected = run(PixelF1(), samples)
    ranks = [PixelF1() for _ in range(3)]
    for metric, part in zip(ranks, (samples[:5], samples[5:], [])):
        metric.process(None, part)
    monkeypatch.setattr('mmcabl.evaluation.per_image_metric.all_gather_object',
                        lambda _: [list(m.results) for m in ranks])
    assert ranks[2].evaluate(7) == expected


def test_unreadable_images_unknown_truths_and_bad_scores(monkeypatch):
    said = []
    for module in ('per_image_metric', 'image_auc'):
        monkeypatch.setattr(f'mmcabl.evaluation.{module}.print_log', lambda text, **_: said.append(text))
    good = [sample(i, i % 2, score=0.1 * i) for i in range(4)]
    broken = sample(9, 1, unreadable=True)
    assert run(ImageAUC(), [*good, broken])['images'] == 4
    assert '1 of 5 images could not be read' in said[-1]
    unknown = dict(sample(5, 1), gt_mask=None)
    assert run(PixelF1(), [*good, unknown])['masks'] == 2
    assert np.isnan(run(ImageAUC(), [*good, sample(5, 1, score=float('nan'))])['i_auc'])
    assert any('5.jpg is nan' in text for text in said)
    assert np.isnan(run(ImageAUC(), [sample(1, 1), sample(3, 1)])['i_auc'])
    assert 'both classes are needed' in said[-1]
    assert np.isnan(run(PixelF1(), [sample(0, 0)])['p_f1'])


def test_memory_does_not_grow_with_image_size():
    kept = []
    for side in (16, 512):
        metric = PixelF1()
        samples = [sample(i, 1, shape=(side, side)) for i in range(1, 9)]
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        metric.process(None, samples)
        kept.append(tracemalloc.get_traced_memory()[0] - before)
        tracemalloc.stop()
    assert kept[1] < 1.5 * kept[0] + 20000


def test_are_registered_with_a_prefix():
    metric = METRICS.build(dict(type='mmcabl.ImageAUC', prefix='casia'))
    assert 'casia/i_auc' in run(metric, [sample(0, 0), sample(1, 1)])
