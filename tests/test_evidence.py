"""What is found beside the network, and how it is weighed."""

import cv2
import numpy as np
import pytest
import torch

from mmcabl.apis.exported import finders_of
from mmcabl.evidence import Evidence, KeypointCopyMove, marked, raised, weigh
from mmcabl.evidence.copy_move import correlation
from mmcabl.registry import MODELS
from tests.copies import forged, picture, turned


def iou(one, other):
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize('degrees, scale', [(0, 1.), (25, 1.), (0, 1.3), (-40, 0.8)])
@pytest.mark.parametrize('quality', [None, 75])
def test_a_copy_and_its_source_are_found(degrees, scale, quality):
    motion = turned(degrees, scale, (130, 40))
    image, source, copy = forged(motion)
    if quality:
        image = cv2.imdecode(cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    finder = KeypointCopyMove()
    found = finder(image)
    assert iou(found.region, source | copy) > 0.7
    here, there, fitted = finder.moved(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    assert len(here) >= 6 and found.odds == len(here) / 4 and f'({len(here)} points agree)' in found.note
    corners = np.array([[40, 50], [80, 50], [60, 95]], np.float32)
    wanted = corners @ motion[:, :2].T + motion[:, 2]
    assert np.abs(corners @ fitted[:, :2].T + fitted[:, 2] - wanted).max() < 2  # the copy is right of its source


def test_what_is_there_once_or_many_times_is_no_finding():
    finder = KeypointCopyMove()
    assert all(finder(picture(seed=seed)) is None for seed in range(6))
    window = picture(24, 24, 7)
    assert finder(np.tile(window, (8, 12, 1))) is None, 'a row of windows'


def test_a_large_picture_is_shrunk_and_the_region_has_its_size():
    motion = turned(0, 1, (500, 150), (240, 280))
    image, source, copy = forged(motion, height=800, width=1100, at=(240, 280), radius=130)
    large = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    found = KeypointCopyMove(max_side=550)(large)
    assert found.region.shape == large.shape[:2]
    both = cv2.resize((source | copy).astype(np.uint8), large.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    assert iou(found.region, both) > 0.7


@pytest.mark.parametrize('shape', [(1, 1), (1, 700), (23, 400), (24, 24), (2500, 30)])
def test_odd_pictures(shape):
    finder = KeypointCopyMove()
    for image in (np.zeros((*shape, 3), np.uint8), picture(*shape), picture(*shape)[:, ::-1]):
        assert finder(image) is None


@pytest.mark.parametrize('given', [dict(least=3), dict(base=7.), dict(base=0), dict(keypoints=2), dict(contrast=0),
                                   dict(ratio=1.), dict(distance=float('nan')), dict(apart=0), dict(tolerance=2.),
                                   dict(max_side=8)])
def test_settings_that_mean_nothing_are_refused(given):
    with pytest.raises(ValueError, match='KeypointCopyMove was given .*it accepts least >= 4'):
        KeypointCopyMove(**given)


def test_correlation_against_numpy():
    one, other = picture(20, 24, 1)[..., 0], picture(20, 24, 2)[..., 0]
    found = correlation(one, other)
    for y, x in ((3, 3), (9, 12), (16, 20)):
        a, b = (each[y - 3:y + 4, x - 3:x + 4].astype(float).ravel() for each in (one, other))
        assert found[y, x] == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-3)
    assert abs(correlation(np.full((9, 9), 7, np.uint8), np.full((9, 9), 200, np.uint8))).max() == 0


def test_odds():
    assert raised(0.5, 3) == 0.75 and raised(0.2, 1) == pytest.approx(0.2)
    assert raised(0., 9) == 0 and raised(1., 9) == 1
    assert raised(raised(0.3, 2.5), 4) == pytest.approx(raised(0.3, 10))
    assert raised(raised(0.3, 2.5), 1 / 2.5) == pytest.approx(0.3)


def test_a_marked_map_has_the_region_as_its_mask_and_keeps_the_order():
    cam = np.random.default_rng(0).normal(0, 50, (12, 17)).astype(np.float32)
    region = np.zeros(cam.shape, bool)
    region[2:7, 3:9] = True
    found = marked(cam, region)
    assert found.dtype == np.float32 and np.array_equal(found >= 0.5, region)
    for part in (region, ~region):
        assert np.array_equal(np.argsort(found[part]), np.argsort(cam[part]))
    assert found[region].min() >= np.float32(2 / 3) and found.min() >= 0 and found.max() <= 1
    assert marked(cam, np.zeros_like(region)) is cam
    cam[0, 0] = np.nan
    assert np.isfinite(marked(cam, region)).all()
    with pytest.raises(ValueError, match='must agree'):
        marked(cam, region.T)


def test_findings_add_up():
    cam, image = np.eye(4, dtype=np.float32), np.zeros((4, 4, 3), np.uint8)
    region = np.eye(4, dtype=bool)[::-1]
    finders = [lambda _: Evidence(2.), lambda _: None, lambda _: Evidence(3., region, 'There.')]
    score, found, note = weigh(finders, image, 0.25, cam)
    assert score == pytest.approx(2 / 3) and note == 'There.' and np.array_equal(found, marked(cam, region))
    assert weigh([], image, 0.25, cam) == (0.25, cam, '')


@pytest.fixture(scope='module')
def models():
    """One network, with and without evidence."""
    settings = dict(
        type='mmcabl.WeaklySupervisedLocalizer', scales=[64], attention='none',
        backbone=dict(type='mmcabl.ConformerCABL', base_channels=8, mlp_ratio=1.,
                      arch=dict(embed_dims=12, channel_ratio=1, num_heads=2, depths=3)),
        head=dict(type='mmcabl.WeakLabelHead', num_classes=1, in_channels=32, embed_dims=12),
        postprocessor=dict(type='mmcabl.CGSR', prompt='null'))
    torch.manual_seed(0)
    plain = MODELS.build(settings).eval()
    other = MODELS.build(dict(settings, evidence=[dict(type='mmcabl.KeypointCopyMove', base=5.)])).eval()
    other.load_state_dict(plain.state_dict())
    return plain, other


def predicted(model, image):
    from mmpretrain.structures import DataSample
    sample = DataSample(metainfo=dict(img_path='a.png', ori_shape=image.shape[:2]))
    given = torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).permute(2, 0, 1)
    return model.test_step(dict(inputs=[given], data_samples=[sample]))[0]


def test_the_localizer_weighs_what_is_found(models):
    plain, other = models
    image, source, copy = forged(turned(0, 1, (130, 40)))
    before, after = predicted(plain, image), predicted(other, image)
    found = other.evidence[0](image)
    assert found.odds > 2
    p = float(before.pred_score[1])
    assert float(after.pred_score[1]) == pytest.approx(raised(p, found.odds))
    assert float(after.pred_score[1]) > p + 0.05
    assert float(after.pred_score.sum()) == pytest.approx(1)
    assert int(after.pred_label) == (raised(p, found.odds) >= 0.5)
    assert np.array_equal(after.cam_raw, marked(before.cam_raw, found.region))
    assert np.array_equal(after.pred_mask, found.region) and after.note == found.note and 'note' not in before
    clean = picture(seed=3)
    same = [predicted(model, clean) for model in models]
    assert torch.equal(same[0].pred_score, same[1].pred_score) and np.array_equal(same[0].cam_raw, same[1].cam_raw)


def test_evidence_needs_pixels(models):
    with torch.no_grad(), pytest.raises(ValueError, match=r'An image comes without its pixels.*evidence=\[\]'):
        models[1].predict([torch.zeros(3, 64, 64)])


def test_finders_of_a_file_are_data():
    given = dict(type='mmcabl.KeypointCopyMove', least=9)
    assert [each.least for each in finders_of([given], 'a.onnx')] == [9] and finders_of([], 'a.onnx') == []
    for hostile in ([dict(type='mmcabl.SAMRefiner')], [dict(given, keypoint=1)], ['x'], 5, [dict(least=9)], [[]],
                    [dict(given, least='many')]):
        with pytest.raises(ValueError, match='a.onnx names evidence that cannot be looked for here'):
            finders_of(hostile, 'a.onnx')
