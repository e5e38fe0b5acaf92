"""Fig. 5's perturbations: of the image alone, deterministic, as strong as asked."""

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmcabl.datasets import (
    GaussianBlurring,
    GaussianNoise,
    JPEGCompression,
    LoadForensicImage,
    LoadForgeryMask,
    Rescaling,
    SocialNetwork,
)
from tests.test_configs import ROOT

ALL = [JPEGCompression(50), GaussianBlurring(7), Rescaling(0.5), Rescaling(1.7), GaussianNoise(9), SocialNetwork(40)]


@pytest.fixture
def sample(tmp_path):
    rng = np.random.default_rng(0)
    cv2.imwrite(str(tmp_path / 'i.png'), cv2.GaussianBlur(rng.integers(0, 256, (60, 80, 3), np.uint8), (3, 3), 0))
    mask = np.zeros((60, 80), np.uint8)
    mask[10:30, 20:50] = 255
    cv2.imwrite(str(tmp_path / 'm.png'), mask)
    return dict(img_path=str(tmp_path / 'i.png'), gt_mask_path=str(tmp_path / 'm.png'), gt_label=1)


@pytest.mark.parametrize('step', ALL, ids=lambda s: type(s).__name__)
def test_the_truth_and_its_size_stay(step, sample):
    clean = LoadForgeryMask()(LoadForensicImage()(dict(sample)))
    found = LoadForgeryMask()(step(LoadForensicImage()(dict(sample))))
    assert np.array_equal(found['gt_mask'], clean['gt_mask']) and found['ori_shape'] == (60, 80)
    assert found['img'].dtype == np.uint8 and found['img_shape'] == found['img'].shape[:2]
    assert found['img'].shape != clean['img'].shape or not np.array_equal(found['img'], clean['img'])
    again = step(LoadForensicImage()(dict(sample)))
    assert np.array_equal(again['img'], found['img'])


def test_what_each_does(sample):
    image = LoadForensicImage()(dict(sample))['img']
    rng = np.random.default_rng(3)
    codec = cv2.imdecode(cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 70])[1], 1)
    assert np.array_equal(JPEGCompression(70).perturb(image, rng), codec)
    error = [np.abs(JPEGCompression(q).perturb(image, rng).astype(int) - image).mean() for q in (100, 80, 50, 20)]
    assert error == sorted(error)
    assert np.array_equal(GaussianBlurring(1).perturb(image, rng), image)
    assert np.array_equal(GaussianBlurring(5).perturb(image, rng), cv2.GaussianBlur(image, (5, 5), 0))
    grey = np.full((200, 200, 3), 128, np.uint8)
    noise = GaussianNoise(10).perturb(grey, rng).astype(float) - 128
    assert noise.std() == pytest.approx(10, rel=0.02) and abs(noise.mean()) < 0.2
    assert Rescaling(0.5).perturb(image, rng).shape == (30, 40, 3)
    assert SocialNetwork(40).perturb(image, rng).shape == (30, 40, 3)
    assert SocialNetwork(1000).perturb(image, rng).shape == image.shape


def test_an_unreadable_image_is_left_alone(tmp_path):
    results = LoadForensicImage()(dict(img_path=str(tmp_path / 'gone.jpg'), gt_label=0, gt_mask_path=None))
    assert not GaussianNoise(50)(results)['img'].any()


@pytest.mark.parametrize('make, said', [
    (lambda: JPEGCompression(0), 'quality is 0; accepted is 1 to 100'), (lambda: GaussianBlurring(4), 'odd'),
    (lambda: JPEGCompression(50, '4:1:0'), "sampling '4:1:0'"), (lambda: Rescaling(0), 'factor'),
    (lambda: GaussianNoise(-1), 'sigma'), (lambda: SocialNetwork(qualities=(0,)), 'quality is 0')])
def test_bad_settings(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_the_sweeps_perturb_the_image_before_the_truth_is_loaded():
    sets = Config.fromfile(str(ROOT / 'robustness/cabl_conformer-s_b8-30e_perturbed-512.py')).test_dataloader.dataset
    names = [each.name for each in sets.datasets]
    assert len(set(names)) == len(names) == 24 and names[0] == 'clean'
    for each in sets.datasets:
        steps = [step.type.replace('mmcabl.', '') for step in each.pipeline]
        extra = [] if each.name == 'clean' else [steps[1]]
        assert steps == ['LoadForensicImage', *extra, 'LoadForgeryMask', 'PackForensicInputs']
        kind, _, value = each.name.partition('_')
        if value:
            assert float(value) in [v for k, v in each.pipeline[1].items() if k != 'type'], kind
