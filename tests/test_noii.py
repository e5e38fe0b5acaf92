"""NOII: against its public code's numbers, closed forms, noise of known strength."""

import numpy as np
import pytest

from mmcabl.models.detectors import NOII
from mmcabl.models.detectors.block_map import block_map
from mmcabl.models.detectors.noise_map import delay, diagonal_band, inconsistency, luma, noise_map
from tests.untrained import batch_of, noise, numbers_of


@pytest.mark.parametrize('letter', ['s', 'o', 'a', 'b'])
def test_public_codes_numbers(shared, letter):
    rgb, numbers = numbers_of('noii', letter, shared)
    np.testing.assert_array_equal(luma(rgb), numbers['luma'])
    height, width = numbers['diagonal'].shape  # float32; of the synthetic images' the repository has a corner
    found = diagonal_band(numbers['luma'])[:height, :width]
    np.testing.assert_allclose(found, numbers['diagonal'], rtol=1e-6, atol=1e-5)
    for block in (4, 8):
        expected = numbers[f'map_block{block}']
        np.testing.assert_allclose(noise_map(rgb, block), expected, rtol=0, atol=1e-9 * expected.max())


def test_luma_rounds_halves_up():
    assert luma(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)).tolist() == [[16, 235]]
    colours = np.array([(r, g, b) for r in range(256) for g in range(256) for b in (0, 100, 255)], np.uint8)
    thousandths = colours.astype(int) @ [65481, 128553, 24966]
    halves = thousandths % 255000 == 127500
    assert halves.any()
    expected = 16 + thousandths / 255000
    expected[halves] += 0.25  # clear of floats' rounding
    np.testing.assert_array_equal(luma(colours[None])[0], np.floor(expected + 0.5))


def test_white_noise_is_measured_and_not_marked():
    rgb = noise((320, 320), 12)
    assert np.median(noise_map(rgb)) == pytest.approx(12 * 219 / 255, rel=0.03)
    found = NOII().test_step(batch_of(rgb))[0]
    assert found.pred_mask.mean() < 0.002 and found.cam.max() < 0.5


@pytest.mark.parametrize('inside, outside', [(24, 6), (6, 24)])
def test_a_region_of_other_noise_is_marked_where_it_is(inside, outside):
    """In both directions, and not shifted by the filter."""
    rgb, truth = noise((256, 320), outside), np.zeros((256, 320), bool)
    truth[96:176, 128:224] = True
    rgb[truth] = noise((256, 320), inside, seed=1)[truth]
    found = NOII().test_step(batch_of(rgb))[0].pred_mask
    assert (found & truth).sum() / (found | truth).sum() > 0.8
    shifts = [np.nonzero(found.any(axis))[0].mean() - np.nonzero(truth.any(axis))[0].mean() for axis in (1, 0)]
    assert max(map(abs, shifts)) < 8  # half a block


def test_delay_is_where_an_impulse_appears():
    found = []
    for at in range(90, 106):
        plane = np.zeros((40, 200))
        plane[20, at] = 1
        energy = np.square(diagonal_band(plane)).sum(0)
        found.append(2 * (energy @ np.arange(len(energy))) / energy.sum() + 1 - at)
    assert np.mean(found) == pytest.approx(delay(), abs=0.1)


def test_inconsistency_by_its_closed_form():
    values = np.array([[2., 2., 4., 1., 0., 6., 2.]])
    np.testing.assert_allclose(inconsistency(values), [[0, 0, 1 / 3, 1 / 3, 1, 1 / 2, 0]])
    np.testing.assert_allclose(inconsistency(7 * values), inconsistency(values))
    np.testing.assert_allclose(inconsistency(values[:, 1:4]), np.tanh(np.abs(np.log(values[:, 1:4] / 2)) / 2))
    assert not inconsistency(np.zeros((3, 4))).any() and inconsistency(np.zeros((0, 4))).shape == (0, 4)


def test_every_pixel_has_its_blocks_value():
    values = np.arange(6.).reshape(2, 3)
    np.testing.assert_array_equal(block_map(values, (4, 6), 2), values.repeat(2, 0).repeat(2, 1))
    beyond = block_map(values, (5, 9), 2)
    np.testing.assert_array_equal(beyond[:4, 5:], values[:, 2:].repeat(2, 0).repeat(4, 1))
    np.testing.assert_array_equal(beyond[4], beyond[3])
    np.testing.assert_array_equal(block_map(values[:1], (1, 6), 2, delay=1)[0], [0, 1, 1, 2, 2, 2])
    assert not block_map(np.zeros((0, 3)), (4, 5), 8).any()


def test_bad_block_is_a_sentence():
    with pytest.raises(ValueError, match='positive number'):
        NOII(block=0)
