"""Refiners that move a map's edges to the image's, on a picture whose object is known."""

import numpy as np
import pytest

from mmcabl.evaluation import PixelF1
from mmcabl.refinement import CGSR, GuidedFilterRefiner
from mmcabl.refinement.guided_filter import guided_filter
from mmcabl.registry import MODELS

NAMES = ('GuidedFilterRefiner', 'SuperPixelRefiner', 'ChanVeseRefiner')


def scene(size=96):
    """A picture, its object, and a map whose blob is displaced and too large."""
    y, x = np.mgrid[:size, :size]
    truth = (abs(y - 40) < 18) & (abs(x - 50) < 24)
    image = np.full((size, size, 3), 90, np.uint8)
    image[truth] = (190, 150, 120)
    image += np.random.default_rng(0).integers(0, 12, image.shape).astype(np.uint8)
    cam = np.exp(-(((y - 44) / 26) ** 2 + ((x - 45) / 32) ** 2)).astype(np.float32)
    return image, truth, cam


@pytest.mark.parametrize('name', NAMES)
def test_the_mask_follows_the_picture(name):
    if name != 'GuidedFilterRefiner':
        pytest.importorskip('skimage', reason='needs mmcabl[quickstart]')
    image, truth, cam = scene()
    refiner = dict(type=f'mmcabl.{name}')
    cgsr = MODELS.build(dict(type='mmcabl.CGSR', refiner=refiner, compare=['null', 'point', 'box']))
    wide = [np.pad(x, ((0, 0), (0, 192), (0, 0))[:x.ndim], mode='edge') for x in (image, cam, truth)]
    found = cgsr.batch([image, wide[0]], [cam, wide[1]])
    for result, wanted in zip(found, (truth, wide[2])):
        before = PixelF1.calculate(result.masks['null'], wanted)
        for kind in ('point', 'box', 'box_point'):
            mask = result.masks[kind]
            assert mask.dtype == bool and mask.shape == wanted.shape
            assert PixelF1.calculate(mask, wanted) > before + 0.01, (name, kind)


def test_the_threshold_is_cgsrs():
    """A map cut at 0.2 is refined as one whose values below and above 0.2 are stretched to either side of 0.5."""
    image, _, cam = scene()
    cam = (cam - cam.min()) / (cam.max() - cam.min())
    refiner = dict(type='mmcabl.GuidedFilterRefiner')
    low = CGSR(refiner, threshold=0.2)(image, cam).masks['box_point']
    maps = np.interp(cam, [0, .2, 1], [0, .5, 1]), cam
    stretched, plain = (CGSR(refiner)(image, x).masks['box_point'] for x in maps)
    assert np.array_equal(low, stretched) and low.sum() > plain.sum()


def test_guided_filter_in_closed_form():
    """A guide that is the source is passed through without eps; a flat one leaves the mean of means."""
    rng = np.random.default_rng(0)
    x = rng.random((20, 30))
    assert np.allclose(guided_filter(x, x, 2, 1e-12), x, atol=1e-5)
    means = guided_filter(np.full_like(x, .4), x, 1, 1e-3)
    padded = np.pad(x, 2, mode='symmetric')
    inner = np.array([[padded[i:i + 3, j:j + 3].mean() for j in range(32)] for i in range(22)])
    assert np.allclose(means[1:-1, 1:-1], [[inner[i:i + 3, j:j + 3].mean() for j in range(1, 29)]
                                           for i in range(1, 19)], atol=1e-5)


def test_maps_are_needed_and_options_are_named():
    image, _, cam = scene()
    prompts = CGSR()(image, cam).prompts
    with pytest.raises(ValueError, match='GuidedFilterRefiner refines maps .* within mmcabl.CGSR'):
        GuidedFilterRefiner().refine([image], [prompts], ['box'])
    for name, wrong in (('GuidedFilterRefiner', dict(eps=0)), ('SuperPixelRefiner', dict(segments=0)),
                        ('ChanVeseRefiner', dict(iterations=0)),
                        ('ChanVeseRefiner', dict(threshold=1))):
        with pytest.raises(ValueError, match=f'{name} was given .* accepts'):
            MODELS.build(dict(type=f'mmcabl.{name}', **wrong))
