"""Plain forgeries: nothing outside the region, the same past and the same saving for both labels."""

import cv2
import numpy as np
import pytest

from mmcabl.lab.synthetic import ForgeryRecipe, Pasting, find_photographs, generate, make_image
from mmcabl.lab.synthetic.pasting import Pasted, alter, cut_window, sharpen
from mmcabl.lab.synthetic.regions import object_region

PLAIN = Pasting(window=1., visible=(0., 1.), soft=0.)


def photo(seed, shape=(180, 240)):
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (12, 16, 3), np.uint8), shape[::-1], interpolation=cv2.INTER_CUBIC)


def recipe(how=PLAIN, **changes):
    return ForgeryRecipe(**{**dict(size=96, zoom=(1., 1.), area=(0.1, 0.25), forgeries=('splicing', 'copy-move'),
                                   noise=(0, 0), blend=0., quality=(100, 100), pasting=how), **changes})


@pytest.mark.parametrize('seed', range(4))
def test_outside_the_region_an_image_is_its_authentic_twin(seed):
    made, twin = (make_image(photo(1), photo(2), label, recipe(), np.random.default_rng(seed)) for label in (1, 0))
    difference = np.abs(cv2.imdecode(made.jpeg, 1).astype(int) - cv2.imdecode(twin.jpeg, 1)).max(2)
    assert twin.mask is None and made.record['area'] == pytest.approx(made.mask.mean(), abs=1e-4)
    assert difference[cv2.dilate(made.mask.astype(np.uint8), np.ones((33, 33))) == 0].max(initial=0) <= 4
    assert np.median(difference[cv2.erode(made.mask.astype(np.uint8), np.ones((3, 3))) > 0]) > 4


def test_the_files_past_and_quality_do_not_depend_on_the_label():
    # one seed draws one host, one past and one quality, whatever the label
    for seed in range(6):
        records = [make_image(photo(1), photo(2), label, recipe(quality=(60, 98)), np.random.default_rng(seed)).record
                   for label in (False, True)]
        assert records[0]['quality'] == records[1]['quality'] and records[0]['noise'] == records[1]['noise'] == 0


def test_a_window_shows_the_part_that_was_asked_for():
    mask = np.zeros((192, 192), bool)
    mask[40:120, 30:110] = True
    image = np.stack([mask * 255] * 3, -1).astype(np.uint8)
    for seed in range(8):
        cut = cut_window(Pasted(image, mask), 96, (0.2, 0.5), np.random.default_rng(seed))
        assert cut.image.shape == (96, 96, 3) and 0.2 <= cut.mask.mean() <= 0.5
        assert np.array_equal(cut.image[..., 0] > 0, cut.mask)


def test_what_is_pasted_plainly_is_only_moved():
    how = Pasting(plain=1.)
    content = photo(3, (96, 96))
    exact = [np.array_equal(alter(content, how, np.random.default_rng(s), (8., 0.))[:, 20:80], content[:, 12:72])
             for s in range(30)]
    assert any(exact) and not all(exact)  # some were compressed before


def test_sharpen_blurs_where_positive_and_keeps_where_nothing():
    image = photo(4)
    steps = [np.abs(np.diff(sharpen(image, a).astype(int), axis=1)).mean() for a in (-0.8, 0., 1.)]
    assert steps[0] > steps[1] > steps[2] and np.array_equal(sharpen(image, 0.), image)


def test_a_region_of_an_object_follows_its_outline():
    image = np.full((120, 160, 3), 40, np.uint8)
    cv2.circle(image, (80, 60), 30, (200, 180, 90), -1)
    inside = image[..., 0] > 100
    found = [object_region(np.random.default_rng(s), image, (0.05, 0.3)) for s in range(10)]
    overlaps = [(m & inside).sum() / (m | inside).sum() for m in found if m is not None]
    assert max(overlaps) > 0.85
    assert object_region(np.random.default_rng(0), image, (0.999, 1.)) is None


def test_generated_the_same_by_seed_and_refused_where_it_makes_no_sense(tmp_path):
    for i in range(2):
        cv2.imwrite(str(tmp_path / f'{i}.png'), photo(i))
    photos = find_photographs(tmp_path)
    made = [generate(photos, tmp_path / name, 6, 3, recipe(Pasting(), size=64), workers=1, progress=False)
            for name in 'ab']
    assert made[0] == made[1] and all(0.05 < r['area'] <= 0.7 for r in made[0] if r['label'])
    first = [sorted((tmp_path / name).rglob('*.jpg')) for name in 'ab']
    assert [p.read_bytes() for p in first[0]] == [p.read_bytes() for p in first[1]]
    with pytest.raises(ValueError, match='pasting.*removal.*copy-move and splicing'):
        recipe(forgeries=('removal',))
