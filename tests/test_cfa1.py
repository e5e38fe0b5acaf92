"""CFA1: against its public code's numbers, closed forms, images that were demosaiced here."""

import numpy as np
import pytest

from mmcabl.evaluation import PixelF1
from mmcabl.models.detectors import CFA1
from mmcabl.models.detectors.cfa1 import NOTE
from mmcabl.models.detectors.cfa_likelihood import (
    Mixture,
    fit,
    local_variance,
    log_likelihood_ratio,
    log_ratio,
    prediction_error,
    tampering_map,
    whole_cells,
)
from mmcabl.models.detectors.cfa_pattern import RED, bayer_green
from tests.untrained import batch_of, demosaiced, noise, numbers_of

GREEN = np.array([[0, 1], [1, 0]])


def scene(shape, seed=0):
    """Three channels of white noise: nothing but demosaicing can make a pixel predictable."""
    return np.random.default_rng(seed).integers(60, 190, (*shape, 3)).astype(np.uint8)


@pytest.mark.parametrize('letter', ['s', 'o', 'a', 'b'])
def test_public_codes_numbers(shared, letter):
    rgb, numbers = numbers_of('cfa1', letter, shared)
    cells, usable = whole_cells(rgb)
    green, presence = bayer_green(cells)
    assert usable and green.tolist() == numbers['bayer_green'].tolist()
    assert presence == pytest.approx(float(numbers['f1'].item()), rel=1e-9)
    error = prediction_error(cells[..., 1])
    variance = local_variance(error, green)
    # float32; of the synthetic images' the repository has a corner
    for found, name in ((error, 'prediction_error'), (variance, 'variance_map')):
        height, width = numbers[name].shape
        np.testing.assert_allclose(found[:height, :width], numbers[name], rtol=1e-6)
    for block, group in ((8, 1), (4, 2)):
        ratio = log_ratio(variance, green, block)
        np.testing.assert_allclose(np.exp(ratio), numbers[f'feature_nb{block}'], rtol=1e-9)
        mixture = fit(ratio)
        likelihood = log_likelihood_ratio(ratio, mixture)
        if block == 8:
            expected = [numbers['mu_nb8'][0], *numbers['sigma_nb8'], numbers['mix_nb8'][1]]
            np.testing.assert_allclose(mixture, np.concatenate(expected), rtol=1e-9)
            np.testing.assert_allclose(likelihood, numbers['loglikelihood_nb8'], rtol=1e-9)
        # to the last: the least of these probabilities is 1e-297
        np.testing.assert_allclose(tampering_map(likelihood, group), numbers[f'map_nb{block}_ns{group}'], rtol=1e-6)


@pytest.mark.parametrize('red', RED)
def test_bayer_pattern_of_a_demosaiced_image(red):
    green, presence = bayer_green(demosaiced(scene((96, 112)), red))
    assert green[red] == green[1 - red[0], 1 - red[1]] == 0 and green.sum() == 2
    assert presence > 2 * bayer_green(scene((96, 112)))[1]


def test_smooth_blocks_do_not_choose_the_pattern():
    """Many of little noise were taken with one pattern, few of more with another."""
    grey, rng = np.full((96, 192, 3), 128.), np.random.default_rng(0)
    smooth, rough = (demosaiced(np.rint(grey + rng.normal(0, d, grey.shape)).astype(np.uint8), red)
                     for d, red in ((6, (0, 0)), (11, (0, 1))))
    assert bayer_green(np.hstack([smooth, rough[:, :32]]))[0].tolist() == (1 - GREEN).tolist()
    assert bayer_green(smooth)[0].tolist() == GREEN.tolist()  # where all are smooth, all count


def test_what_was_not_demosaiced_is_marked():
    whole = scene((160, 192))
    truth = np.zeros((160, 192), bool)
    truth[48:112, 64:128] = True
    rgb = np.where(truth[..., None], whole, demosaiced(whole, (0, 0)))
    found = CFA1().test_step(batch_of(rgb))[0]
    assert PixelF1.calculate(found.pred_mask, truth) > 0.85  # the median cuts corners
    assert 0.05 < float(found.pred_score[1]) < 0.3


def test_a_transposed_image_has_a_transposed_map():
    rgb = demosaiced(scene((80, 96)), (0, 1))[..., [1, 1, 1]]
    ratio, turned = (log_ratio(local_variance(prediction_error(plane), cell), cell, 8)
                     for plane, cell in ((rgb[..., 1], 1 - GREEN), (rgb[..., 1].T, 1 - GREEN)))
    np.testing.assert_allclose(ratio, turned.T, rtol=1e-9)
    np.testing.assert_allclose(tampering_map(ratio), tampering_map(turned).T, rtol=1e-9)


def test_a_plane_is_predicted_exactly_and_tells_nothing():
    y, x = np.indices((32, 40))
    error = prediction_error(3 * y + 2 * x + 7)
    assert not error[1:-1, 1:-1].any()
    variance = local_variance(np.pad(error[1:-1, 1:-1], 1), GREEN)
    assert not variance.any() and not log_ratio(variance, GREEN, 8).any()


def test_a_constant_error_has_no_variance():
    """Rounding leaves 1e-16 of it or so, of either sign."""
    assert not local_variance(np.full((32, 32), 100.25), GREEN)[3:-3, 3:-3].any()


def test_ratio_by_its_closed_form():
    variance = np.where(np.indices((16, 24)).sum(0) % 2 == 1, 4., 0.5)  # acquired on the anti-diagonal
    found = log_ratio(variance, GREEN, 8)
    np.testing.assert_allclose(found, np.full((2, 3), 32 * np.log(8)))
    np.testing.assert_allclose(log_ratio(variance, 1 - GREEN, 8), -found)
    variance[3, 5] = 0
    assert log_ratio(variance, GREEN, 8)[0, 0] == 0 and log_ratio(variance, GREEN, 8)[1, 0] != 0
    assert log_ratio(variance[:14], GREEN, 8)[1].tolist() == [0, 0, 0]  # reaches beyond the image


def test_the_mixture_finds_what_was_drawn():
    rng = np.random.default_rng(0)
    drawn = np.concatenate([rng.normal(0, 2, 3000), rng.normal(30, 5, 7000)])
    np.testing.assert_allclose(fit(drawn), Mixture(30, 5, 2, 0.3), rtol=0.05)
    np.testing.assert_allclose(fit(8 * drawn), np.multiply(fit(drawn), [8, 8, 8, 1]), rtol=1e-9)


def test_a_mixture_of_few_values_is_finite():
    assert fit(np.zeros(9)) is None and fit(np.ones(1)) is None and fit(np.zeros(0)) is None
    for values in (np.eye(5), np.repeat([0., 1e3], [500, 1]), np.array([-1e6, 1e6]), np.array([1e-9, 0])):
        ratio = log_likelihood_ratio(values, fit(values))
        assert np.isfinite(ratio).all()


def test_the_map_is_the_logistic_of_the_median():
    ratios = np.zeros((9, 9))
    ratios[4, 4] = -50  # one block among 25 is no evidence
    np.testing.assert_allclose(tampering_map(ratios), 0.5)
    np.testing.assert_allclose(tampering_map(np.full((4, 6), 3.), 2), np.full((2, 3), 1 / (1 + np.exp(12))))
    assert tampering_map(np.full((3, 3), -1e5)).tolist() == [[1] * 3] * 3
    assert tampering_map(np.full((3, 3), 1e5)).tolist() == [[0] * 3] * 3


def test_the_result_says_what_it_does_not_mean():
    found = CFA1().test_step(batch_of(noise((64, 64), 9), 'folder/a.JPG'))[0]
    assert found.note == f'{NOTE} This is a JPEG file.' and found.cfa_presence > 0
    assert CFA1().test_step(batch_of(noise((64, 64), 9), 'a.png'))[0].note == NOTE


@pytest.mark.parametrize('options', [dict(block=7), dict(block=0), dict(group=0), dict(block=8.)])
def test_bad_blocks_are_a_sentence(options):
    with pytest.raises(ValueError, match='an even number of px'):
        CFA1(**options)
