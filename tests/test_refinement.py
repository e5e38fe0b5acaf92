"""Prompts (Table VI), CGSR on any map, GrabCut."""

import numpy as np
import pytest
import torch

from mmcabl.refinement import CGSR, GrabCutRefiner, Prompts, Refiner
from mmcabl.refinement.prompting import largest_component_box, make_prompts, min_max
from mmcabl.registry import MODELS


@pytest.fixture
def scene():
    """A grey image with a red square, and a map that is high around the square."""
    rng = np.random.default_rng(0)
    image = rng.integers(90, 110, (60, 80, 3)).astype(np.uint8)
    truth = np.zeros((60, 80), bool)
    truth[20:40, 30:55] = True
    image[truth] = (200, 30, 30)
    ys, xs = np.mgrid[:60, :80]
    cam = 4 * np.exp(-((xs - 42) ** 2 + (ys - 30) ** 2) / 400)
    return image, cam.astype(np.float32), truth


def test_box_is_that_of_the_largest_component():
    mask = np.zeros((10, 12), bool)
    mask[1, 1:9] = True  # 8 px
    mask[4:7, 3:6] = True  # 9 px
    mask[7, 6] = True  # touches by a corner: 10 px
    assert largest_component_box(mask) == (3, 4, 6, 7)
    single = np.zeros((5, 5), bool)
    single[2, 3] = True
    assert largest_component_box(single) == (3, 2, 3, 2)
    assert largest_component_box(np.zeros((5, 5), bool)) is None


def test_points_come_from_the_map_before_normalisation():
    cam = np.zeros((4, 6), np.float32)
    cam[1, 5], cam[3, 2] = 7, -7
    found = make_prompts(cam, cam > 0)
    assert found == Prompts((5, 1, 5, 1), (5, 1), (2, 3))


def test_kinds_are_table_six():
    prompts = Prompts((1, 2, 3, 4), (5, 6), (7, 8))
    box, points, labels = prompts.select('point')
    assert box is None and points.tolist() == [[5, 6]] and labels.tolist() == [1]
    box, points, labels = prompts.select('box')
    assert box == (1, 2, 3, 4) and not len(points) and not len(labels)
    box, points, labels = prompts.select('box_point')
    assert box == (1, 2, 3, 4) and points.tolist() == [[5, 6], [7, 8]] and labels.tolist() == [1, 0]
    with pytest.raises(ValueError, match="'mask'.*null, point, box, box_point"):
        prompts.select('mask')


def test_min_max():
    assert min_max(np.array([[1., 3.], [2., 5.]])).tolist() == [[0, 0.5], [0.25, 1]]
    assert min_max(np.full((2, 2), 3.)).tolist() == [[0, 0], [0, 0]]


def test_null_is_the_coarse_mask_and_grabcut_finds_the_square(scene):
    image, cam, truth = scene
    found = CGSR(compare=['null', 'point', 'box'])(image, cam)
    assert np.array_equal(found.masks['null'], min_max(cam) >= 0.5)
    for kind in ('point', 'box', 'box_point'):
        overlap = (found.masks[kind] & truth).sum() / (found.masks[kind] | truth).sum()
        assert overlap > 0.9, kind
    assert found.fields()['pred_mask'] is found.masks['box_point']


@pytest.mark.parametrize('shape', [(1, 4000), (4000, 1), (1, 1), (5, 20000), (1, 768)])
def test_grabcut_takes_strips_of_any_length(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    cam = np.linspace(0, 1, image[..., 0].size, dtype=np.float32).reshape(shape)
    found = CGSR(prompt='box', compare=['point', 'box_point'])(image, cam)
    assert {mask.shape for mask in found.masks.values()} == {shape}


def test_grabcut_is_deterministic_and_scales_down(scene):
    image, cam, truth = scene
    first, second = (CGSR()(image, cam).masks['box_point'] for _ in range(2))
    assert np.array_equal(first, second)
    small = CGSR(refiner=dict(max_side=40))(image, cam).masks['box_point']
    assert small.shape == (60, 80) and (small & truth).sum() / (small | truth).sum() > 0.8


def test_a_cut_sees_the_box_and_its_surroundings_alone_and_not_the_number_of_threads(scene):
    image, cam, truth = scene
    prompts = make_prompts(cam, cam >= 2)
    far = image.copy()
    far[:, :4] = 255  # the box begins at 30 px or so; its margin is half its side
    wide = np.concatenate([image, image[::-1]], 1)
    images, all_prompts = [image, far, wide], [prompts] * 3
    kinds = ['point', 'box', 'box_point']
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        first = GrabCutRefiner().refine(images, all_prompts, kinds)
        torch.set_num_threads(3)
        second = GrabCutRefiner().refine(images, all_prompts, kinds)
    finally:
        torch.set_num_threads(threads)
    assert all(np.array_equal(a, b) for one, two in zip(first, second) for a, b in zip(one, two))
    assert prompts.box[0] > 20 and np.array_equal(first[0][1], first[1][1]) and first[0][1].sum() > 400


def test_a_cut_that_collapses_is_the_box(scene):
    _, cam, _ = scene
    plain = np.full((60, 80, 3), 100, np.uint8)  # no colour to go by
    found = CGSR(prompt='box')(plain, cam)
    x0, y0, x1, y1 = found.prompts.box
    expected = np.zeros((60, 80), bool)
    expected[y0:y1 + 1, x0:x1 + 1] = True
    assert np.array_equal(found.masks['box'], expected)
    both = CGSR()(plain, cam).masks['box_point']
    assert both[found.prompts.positive[1], found.prompts.positive[0]]
    assert np.array_equal(both, expected)  # the negative point lies outside the box


def test_an_image_that_the_box_fills(scene):
    image, _, _ = scene
    cam = np.ones((60, 80), np.float32)
    cam[30, 40] = 0
    assert CGSR(prompt='box')(image, cam).masks['box'].all()


@pytest.mark.parametrize('cam', [np.zeros((60, 80)), np.full((60, 80), -3.)])
def test_a_constant_map_gives_empty_masks(scene, cam):
    found = CGSR(compare=['null', 'point', 'box'])(scene[0], cam)
    assert found.prompts.box is None and not found.coarse_mask.any()
    assert not any(mask.any() for mask in found.masks.values())


def test_nan_in_the_map_is_said_and_in_no_mask(scene):
    image, cam, _ = scene
    cam = cam.copy()
    cam[28:32, 40:44] = np.nan
    with pytest.warns(RuntimeWarning, match='a.jpg has 16 of 4800 values that are not finite'):
        found = CGSR(prompt='null').batch([image], [cam], ['a.jpg'])[0]
    assert not found.masks['null'][28:32, 40:44].any() and found.masks['null'].any()
    with pytest.warns(RuntimeWarning, match='4800 of 4800'):
        assert not CGSR()(image, np.full((60, 80), np.nan)).masks['box_point'].any()


def test_any_refiner_can_be_registered_and_null_needs_none(scene):
    calls = []

    @MODELS.register_module(name='TestBoxRefiner', force=True)
    class BoxRefiner(Refiner):
        def refine(self, images, prompts, kinds):
            calls.append((len(images), tuple(kinds)))
            return [[np.ones(i.shape[:2], bool) for _ in kinds] for i in images]

    image, cam, _ = scene
    cgsr = CGSR(refiner=dict(type='mmcabl.TestBoxRefiner'), compare=['box', 'null'])
    found = cgsr.batch([image, image, image], [cam, cam * 0, cam])
    assert calls == [(2, ('box', 'box_point'))]  # one call, without the empty map
    assert found[0].masks['box'].all() and not found[1].masks['box'].any()
    missing = CGSR(refiner=dict(type='mmcabl.SAMRefiner', checkpoint='/nowhere.pth'), prompt='null')
    assert missing(image, cam).masks['null'].any()


def test_bad_input_is_named(scene):
    image, cam, _ = scene
    with pytest.raises(ValueError, match=r'uint8 \(60, 80, 3\) and \(10, 10\)'):
        CGSR()(image, cam[:10, :10])
    with pytest.raises(ValueError, match='float32'):
        CGSR()(image.astype(np.float32), cam)
    with pytest.raises(ValueError, match='iterations=0'):
        GrabCutRefiner(iterations=0)
