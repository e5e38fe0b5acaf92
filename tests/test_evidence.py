"""What is found beside the network, and how it is weighed."""

import tracemalloc
from copy import deepcopy

import cv2
import numpy as np
import pytest
import torch

from mmcabl.apis.predictor import record_of
from mmcabl.evidence import Evidence, KeypointCopyMove, finders_of, marked, raised, weigh
from mmcabl.evidence.copy_move import correlation
from mmcabl.evidence.keypoints import self_matches
from mmcabl.records.chunk_results import is_scoring_record
from mmcabl.refinement.prompting import min_max
from mmcabl.registry import MODELS
from mmcabl.structures import ForensicSample
from tests.copies import forged, picture, turned


def iou(one, other):
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize('degrees, scale', [(0, 1.), (25, 1.), (0, 1.3), (-40, 0.8), (180, 1.)])
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
    assert len(np.unique(np.sort(np.round(np.stack([here, there], 1)).view('f4,f4')[..., 0], 1), axis=0)) == len(here)
    corners = np.array([[40, 50], [80, 50], [60, 95]], np.float32)
    wanted = corners @ motion[:, :2].T + motion[:, 2]
    if source[tuple(here.mean(0).round().astype(int)[::-1])]:
        error = corners @ fitted[:, :2].T + fitted[:, 2] - wanted
    else:  # from the copy to its source
        error = wanted @ fitted[:, :2].T + fitted[:, 2] - corners
    assert np.abs(error).max() < 2


@pytest.mark.parametrize('degrees', [0, 25, -40])
def test_the_direction_of_a_copy_does_not_matter(degrees):
    """Matches were ordered by which end is further left: of a copy below its source half were lost."""
    finder, counts = KeypointCopyMove(), []
    for shift in ((110, 0), (0, 110), (-80, 80)):
        image, *_ = forged(turned(degrees, 1, shift, (140, 70)), height=280, at=(140, 70))
        counts.append(finder(image).odds)
    assert min(counts) > 0.65 * max(counts)


class Tied:
    """OpenCV's SIFT on a picture that repeats itself: all keypoints that tie are kept, whatever their limit."""

    def __init__(self, **settings):
        self.number = 3000

    def detectAndCompute(self, grey, mask):  # noqa: N802 - OpenCV's name
        points = np.random.default_rng(0).uniform(0, 500, (self.number, 2))
        sift = np.random.default_rng(1).integers(0, 200, (self.number, 128)).astype(np.float32)
        return [cv2.KeyPoint(float(x), float(y), 3, 0, 0.1) for x, y in points], sift


def test_a_picture_that_repeats_itself_has_no_more_keypoints_than_allowed(monkeypatch):
    """Tens of thousands of them were multiplied with one another: gigabytes."""
    monkeypatch.setattr(cv2, 'SIFT_create', Tied)
    tracemalloc.start()
    self_matches(np.zeros((500, 500), np.uint8), 100, 0.01, 0.6, 0.6, 0.06)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6 < 4 * 3000 ** 2


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
                                   dict(max_side=8), dict(keypoints=2000.5), dict(contrast=True),
                                   dict(keypoints=10 ** 9), dict(max_side=10 ** 9), dict(least='6'),
                                   dict(ratio=None), dict(contrast=float('inf'))])
def test_settings_that_mean_nothing_are_refused(given):
    with pytest.raises(ValueError, match='KeypointCopyMove was given .*it accepts whole numbers 4 <= least'):
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


@pytest.mark.parametrize('low', [False, True])
def test_a_marked_map_has_the_region_as_its_mask_and_keeps_order_and_range(low):
    cam = np.random.default_rng(0).normal(0, 50, (12, 17)).astype(np.float32)
    region = np.zeros(cam.shape, bool)
    region[2:7, 3:9] = True
    if low:  # the region lies where the network saw least
        cam[region] = cam.min()
    found = marked(cam, region)
    assert found.dtype == np.float32 and np.array_equal(min_max(found) >= 0.5, region)
    for part in (region, ~region):
        assert np.array_equal(np.argsort(found[part], kind='stable'), np.argsort(cam[part], kind='stable'))
    assert cam.min() - 1e-4 <= found.min() and found.max() <= cam.max() + 1e-4
    assert marked(cam, np.zeros_like(region)) is cam
    cam[0, 0] = np.nan
    assert np.isfinite(marked(cam, region)).all()
    assert np.array_equal(min_max(marked(np.full_like(cam, 7), region)) >= 0.5, region), 'a constant map'
    with pytest.raises(ValueError, match='must agree'):
        marked(cam, region.T)


def test_findings_add_up():
    cam, image = np.eye(4, dtype=np.float32), np.zeros((4, 4, 3), np.uint8)
    region = np.eye(4, dtype=bool)[::-1]
    finders = [lambda _: Evidence(2.), lambda _: None, lambda _: Evidence(3., region, 'There.')]
    score, found, note = weigh(finders, image, 0.25, cam)
    assert score == pytest.approx(2 / 3) and note == 'There.' and np.array_equal(found, marked(cam, region))
    assert weigh([], image, 0.25, cam) == (0.25, cam, '')


def small():
    return dict(
        type='mmcabl.WeaklySupervisedLocalizer', scales=[64], attention='none',
        backbone=dict(type='mmcabl.ConformerCABL', base_channels=8, mlp_ratio=1.,
                      arch=dict(embed_dims=12, channel_ratio=1, num_heads=2, depths=3)),
        head=dict(type='mmcabl.WeakLabelHead', num_classes=1, in_channels=32, embed_dims=12),
        postprocessor=dict(type='mmcabl.CGSR', prompt='null'))


@pytest.fixture(scope='module')
def models():
    """One network, with and without evidence."""
    torch.manual_seed(0)
    plain = MODELS.build(small()).eval()
    other = MODELS.build(dict(small(), evidence=[dict(type='mmcabl.KeypointCopyMove', base=5.)])).eval()
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


def test_evidence_counts_once(models):
    """A batch whose refinement fails is refined again image by image."""
    image, *_ = forged(turned(0, 1, (130, 40)))
    sample = predicted(models[1], image)
    score, note = sample.pred_score.clone(), sample.note
    models[1].weigh([sample])
    assert torch.equal(sample.pred_score, score) and sample.note == note


def test_without_refinement_there_is_no_evidence_until_it_is_asked_for(models):
    image, *_ = forged(turned(0, 1, (130, 40)))
    other = deepcopy(models[1])
    other.refines = False
    bare = predicted(other, image)
    assert torch.equal(bare.pred_score, predicted(models[0], image).pred_score) and 'note' not in bare
    other.weigh([bare])
    assert torch.equal(bare.pred_score, predicted(models[1], image).pred_score)


def test_mirrored_passes_are_weighed_once(models):
    """Test-time augmentation averages the network's scores and maps; evidence is about the image, once."""
    from mmpretrain.structures import DataSample

    from mmcabl.models import ForensicTTAModel
    image, *_ = forged(turned(0, 1, (130, 40)))
    given = torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).permute(2, 0, 1)
    passes = [DataSample(metainfo=dict(img_path='a.png', ori_shape=image.shape[:2], flip=flip, flip_direction=way))
              for flip, way in ((False, None), (True, 'horizontal'))]
    found = ForensicTTAModel(models[1]).test_step(
        dict(inputs=[[given], [given.flip(-1)]], data_samples=[[each] for each in passes]))[0]
    both = deepcopy(models[1])
    both.flip = True
    wanted = predicted(both, image)
    assert torch.allclose(found.pred_score, wanted.pred_score, atol=1e-6) and found.note == wanted.note
    assert np.allclose(found.cam_raw, wanted.cam_raw, atol=1e-5)


@pytest.mark.parametrize('num_classes, which', [(1, 0), (2, -1), (2, 0)])
def test_the_localized_class_is_raised(num_classes, which):
    settings = dict(small(), class_index=which if num_classes > 1 else -1)
    settings['head'] = dict(settings['head'], num_classes=num_classes)
    torch.manual_seed(0)
    model = MODELS.build(dict(settings, evidence=[dict(type='mmcabl.KeypointCopyMove')])).eval()
    image, *_ = forged(turned(0, 1, (130, 40)))
    after = predicted(model, image)
    finders, model.evidence = model.evidence, []
    before = predicted(model, image)
    which = 1 if num_classes == 1 else which
    assert float(after.pred_score[which]) == pytest.approx(
        raised(float(before.pred_score[which]), finders[0](image).odds), abs=1e-6)
    other = 1 - which % 2
    if num_classes > 1:
        assert after.pred_score[other] == before.pred_score[other]


def test_mmsegmentations_localizer_weighs_too():
    pytest.importorskip('mmseg', reason='mmsegmentation cannot be imported')
    from mmseg.structures import SegDataSample

    import mmcabl.segmentation  # noqa: F401
    torch.manual_seed(0)
    model = MODELS.build(dict(small(), type='mmcabl.WeaklySupervisedSegmentor',
                              evidence=[dict(type='mmcabl.KeypointCopyMove')])).eval()
    image, *_ = forged(turned(0, 1, (130, 40)))
    sample = SegDataSample(metainfo=dict(img_path='a.png', ori_shape=image.shape[:2], img_shape=image.shape[:2]))
    given = torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).permute(2, 0, 1)
    found = model.test_step(dict(inputs=[given], data_samples=[sample]))[0]
    region = model.evidence[0](image).region
    assert np.array_equal(found.pred_sem_seg.data[0].numpy() == 1, region) and 'points agree' in found.note


def test_scoring_keeps_the_note():
    image = picture()
    sample = ForensicSample(picture=image, score=0.7, mask=image[..., 0] > 9, note='It lies\nthere twice.')
    record = record_of(3, 'a.png', sample).record
    assert record['note'] == 'It lies there twice.' and is_scoring_record(record)
    sample.note = ''
    assert record_of(3, 'a.png', sample).record['note'] is None


@pytest.mark.parametrize('given', [dict(type='mmcabl.KeypointCopyMove'), ['mmcabl.KeypointCopyMove'], 3, 'x'])
def test_evidence_is_a_list_of_configs(given):
    with pytest.raises(ValueError, match='accepted are lists of configs, and None for none'):
        MODELS.build(dict(small(), evidence=given))
    assert MODELS.build(dict(small(), evidence=None)).evidence == []


def test_evidence_needs_pixels(models):
    with torch.no_grad(), pytest.raises(ValueError, match=r'An image comes without its pixels.*evidence=\[\]'):
        models[1].predict([torch.zeros(3, 64, 64)])


def test_finders_of_a_file_are_data():
    given = dict(type='mmcabl.KeypointCopyMove', least=9)
    assert [each.least for each in finders_of([given], 'a.onnx')] == [9] and finders_of([], 'a.onnx') == []
    for hostile in ([dict(type='mmcabl.SAMRefiner')], [dict(given, keypoint=1)], ['x'], 5, [dict(least=9)], [[]],
                    [dict(given, least='many')], None):
        with pytest.raises(ValueError, match='a.onnx names evidence that cannot be looked for there'):
            finders_of(hostile, 'a.onnx')
