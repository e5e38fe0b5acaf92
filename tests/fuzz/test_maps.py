"""Maps, test scales and block lists of any content."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mmcabl.models.backbones.conformer_cabl import parse_blocks
from mmcabl.models.localizers.scales import MIN_SIDE, check_scales, limit_of
from mmcabl.refinement import CGSR, Refiner
from mmcabl.refinement.prompting import finite_map, make_prompts, min_max
from mmcabl.registry import MODELS

SHAPES = st.one_of(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.tuples(st.just(1), st.integers(1, 300)),
                   st.tuples(st.integers(1, 300), st.just(1)))
ANY_FLOAT = {t: st.floats(width=t) for t in (32, 64)}
EXTREMES = [float(np.float32(v)) for v in (-3.4e38, 0, 1e-45, 3.4e38, np.inf, -np.inf, np.nan)]
MAPS = st.one_of(
    npst.arrays(np.float32, SHAPES, elements=ANY_FLOAT[32]), npst.arrays(np.float64, SHAPES, elements=ANY_FLOAT[64]),
    npst.arrays(np.float32, SHAPES, elements=st.sampled_from(EXTREMES)),
    npst.arrays(np.float16, SHAPES, elements=st.floats(width=16)), npst.arrays(np.int64, SHAPES), npst.arrays(
        bool, SHAPES))
#: What a config, a command line or a caller may hand over.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.binary(max_size=4)
    | npst.arrays(np.int64, npst.array_shapes(max_dims=2, max_side=3))
    | st.sampled_from([np.int64(512), np.float32(64)]),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6)


@MODELS.register_module(force=True)
class WholeBox(Refiner):
    """The box itself, checked."""

    def refine(self, images, prompts, kinds):
        for image, prompt in zip(images, prompts):
            x0, y0, x1, y1 = prompt.box
            assert 0 <= x0 <= x1 < image.shape[1] and 0 <= y0 <= y1 < image.shape[0]
        return [[np.ones(image.shape[:2], bool) for _ in kinds] for image in images]


@given(MAPS)
def test_a_normalised_map_is_finite_and_in_the_unit_interval(cam):
    found = min_max(cam)
    assert found.dtype == np.float32 and found.shape == cam.shape
    assert np.isfinite(found).all() and found.min() == 0 and found.max() in (0, 1)
    assert found.max() == (len(np.unique(finite_map(cam))) > 1)


@given(MAPS)
def test_cgsr_takes_any_map(cam):
    image = np.zeros((*cam.shape, 3), np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        warnings.filterwarnings('ignore', message='.*not finite; they count as its minimum')
        found = CGSR(refiner=dict(type='mmcabl.WholeBox'), compare=['null', 'point'])(image, cam)
    assert np.isfinite(found.cam_raw).all() and np.isfinite(found.cam).all()
    assert found.cam.min() == 0 and found.cam.max() <= 1
    for (x, y), extreme in ((found.prompts.positive, np.max), (found.prompts.negative, np.min)):
        assert found.cam_raw[y, x] == extreme(found.cam_raw)
    assert (found.prompts.box is None) == (not found.coarse_mask.any())
    assert all(mask.dtype == bool and mask.shape == cam.shape for mask in found.masks.values())


@given(npst.arrays(np.float32, SHAPES, elements=st.floats(-10, 10, width=32)), st.data())
def test_the_box_encloses_its_component(cam, data):
    mask = data.draw(npst.arrays(bool, st.just(cam.shape)))
    box = make_prompts(cam, mask).box
    assert (box is None) == (not mask.any())
    if box is not None:
        x0, y0, x1, y1 = box
        inside = mask[y0:y1 + 1, x0:x1 + 1]
        assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


@given(ANYTHING)
def test_scales_are_checked_or_refused_in_a_sentence(scales):
    try:
        found = check_scales(scales)
    except ValueError as error:
        assert 'scale' in str(error) and str(error).endswith('.')
        return
    assert found
    for scale in found:
        assert scale == 'native' or (limit_of(scale) or 0) >= MIN_SIDE or (
            len(scale) == 2 and all(type(s) is int and s >= MIN_SIDE for s in scale))


@given(ANYTHING | st.text('0123456789-,', max_size=30), st.integers(1, 24))
def test_blocks_are_parsed_or_refused_in_a_sentence(blocks, depth):
    try:
        found = parse_blocks(blocks, depth)
    except ValueError as error:
        assert 'cabl_blocks=' in str(error) and f'1 to {depth}' in str(error)
        return
    assert found <= set(range(1, depth + 1))


@pytest.mark.parametrize('given_, said', [(None, 'are None; accepted are a side of 32'), (float('nan'), 'are nan'),
                                          (b'aa', "are b'aa'"), ({}, r'are \{\}')])
def test_what_is_no_list_of_scales_gets_a_sentence(given_, said):
    with pytest.raises(ValueError, match=said):
        check_scales(given_)


def test_numpy_integers_are_integers():
    for given_ in (np.int64(512), [np.int32(512)], np.array([512])):
        assert check_scales(given_) == [(512, 512)]
    assert parse_blocks(np.int64(3), 6) == parse_blocks(np.array([3]), 6) == {3}


def test_a_map_that_spans_more_than_float32_is_normalised():
    cam = np.array([[-3e38, 0, 3e38]], np.float32)
    assert min_max(cam).tolist() == [[0, 0.5, 1]]
    assert min_max(np.array([[-1e300, 0, 1e300]])).tolist() == [[0, 0.5, 1]]


def test_an_enormous_range_of_blocks_is_refused_at_once():
    with pytest.raises(ValueError, match='names a block that is not there'):
        parse_blocks('1-99999999999999', 12)
