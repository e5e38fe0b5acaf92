"""What all comparison systems share: sizes, scores, masks, refinement, losses."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.models import ForensicDetector
from mmcabl.models.detectors.base import truth_of
from mmcabl.refinement import CGSR


class Bright(ForensicDetector):
    """The smallest detector: brightness is the map, at half the size, its maximum the score."""

    def detect(self, image, sample):
        found = torch.nn.functional.avg_pool2d(image.mean(1), 2)[0] / 255
        return found.max(), found


def bright(**kwargs):
    return Bright(data_preprocessor=dict(mean=(0, 0, 0), std=(1, 1, 1)), **kwargs)


def picture():
    image = np.full((40, 60, 3), 20, np.uint8)
    image[8:24, 12:44] = 220
    return image


def batch(image):
    sample = DataSample()
    sample.set_metainfo(dict(img_path='a.png', ori_shape=image.shape[:2], sample_idx=0))
    return dict(inputs=[torch.from_numpy(image).permute(2, 0, 1)], data_samples=[sample])


def test_map_score_and_mask_are_those_of_detect():
    found = bright().test_step(batch(picture()))[0]
    assert found.cam_raw.shape == found.pred_mask.shape == (40, 60)
    assert float(found.pred_score[1]) == pytest.approx(220 / 255)
    truth = (picture()[..., 0] > 100)
    assert PixelF1.calculate(found.pred_mask, truth) > 0.9
    assert found.cam.max() == pytest.approx(220 / 255)  # not normalised


def test_a_probability_below_the_threshold_has_no_mask_and_min_max_has_one():
    dark = (picture() // 3).astype(np.uint8)
    assert not bright().test_step(batch(dark))[0].pred_mask.any()
    assert bright(postprocessor=dict(normalize='min_max')).test_step(batch(dark))[0].pred_mask.any()


def test_refinement_from_the_config():
    found = bright(postprocessor=dict(prompt='box', compare=['null'])).test_step(batch(picture()))[0]
    assert set(found.masks) == {'null', 'box'} and found.prompts['box'] is not None
    assert (found.pred_mask == found.masks['box']).all()


def test_metrics_take_its_samples():
    sample = bright().test_step(batch(picture()))[0]
    sample.set_gt_label(1)
    sample.set_field(picture()[..., 0] > 100, 'gt_mask')
    f1, auc = PixelF1(), ImageAUC()
    for metric in (f1, auc):
        metric.process(None, [sample.to_dict()])
    assert f1.evaluate(1)['p_f1'] > 0.9 and auc.evaluate(1)['images'] == 1


def test_bad_options_are_sentences():
    with pytest.raises(ValueError, match='Unknown normalize'):
        CGSR(normalize='softmax')
    with pytest.raises(NotImplementedError, match='does not learn'):
        bright()(torch.zeros(1, 3, 8, 8), [DataSample()], mode='loss')
    with pytest.raises(ValueError, match='Unknown mode'):
        bright()(torch.zeros(1, 3, 8, 8), [DataSample()], mode='train')
    with pytest.raises(KeyError, match='LoadForgerySegMap'):
        truth_of([DataSample()])
