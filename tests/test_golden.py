"""Numbers of the public implementations that the paper builds on (tests/data)."""

import json

import numpy as np
import pytest
import torch

from mmcabl.conversion import convert_keys, match
from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.models.localizers.attention import METHODS
from mmcabl.registry import MODELS
from tests.conftest import build_localizer


def relative_error(found, expected):
    return float(np.abs(found.numpy() - expected).max() / np.abs(expected).max())


@pytest.fixture
def transcam(shared):
    """TransCAM's network converted from its original parameter names, its input and its outputs."""
    numbers = np.load(shared / 'golden/transcam_outputs.npz')
    weights = {name[len('weight/'):]: torch.from_numpy(array.astype(np.float32)) for part in (1, 2)
               for name, array in np.load(shared / f'golden/transcam_weights_{part}.npz').items()}
    state, found = convert_keys({'model': {f'module.{k}': v for k, v in weights.items()}})
    assert found == 'transcam'
    model = build_localizer(num_classes=21, backbone=dict(cabl_blocks='none'))
    model.load_state_dict(state, strict=True)
    return model, torch.from_numpy(numbers['input']), numbers


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('folded', [False, True])
def test_transcam_numbers(transcam, method, folded):
    model, image, expected = transcam
    backbone = model.backbone.folded() if folded else model.backbone
    propagator = METHODS[method]()
    with torch.no_grad():
        with propagator.attach(backbone):
            feats = backbone(image)
        logits, maps = model.head(feats), model.head.class_maps(feats, image.shape[-2:])
        # TransCAM sums attention over blocks where Eq. (2) averages
        cam = propagator.propagate(maps['conv']) * propagator.blocks
    assert relative_error(logits['conv'], expected['conv_logits']) < 1e-4
    assert relative_error(logits['trans'], expected['trans_logits']) < 1e-4
    assert relative_error(maps['conv'], expected['cam_convcam']) < 1e-4
    assert relative_error(cam, expected['cam_transcam']) < 1e-4


def test_every_key_of_a_published_conformer_small_is_used(shared):
    shapes = json.loads((shared / 'golden' / 'conformer_small_original_keys.json').read_text())
    shapes['conv_cls_head.weight'] = [1000, 1024]  # a published checkpoint's classifier is linear
    backbone = MODELS.build(dict(type='mmcabl.ConformerCABL', arch='small'))
    state, found = convert_keys({k: torch.empty(v) for k, v in shapes.items()})
    report = match(state, {f'backbone.{k}': v for k, v in backbone.state_dict().items()})
    assert found == 'original'
    assert not report['missing'] and not report['mismatched']
    assert all('cls_head' in k for k in report['unused'])


def test_metrics_equal_the_public_evaluators(shared):
    numbers = np.load(shared / 'golden/metrics.npz')
    assert len(numbers['pred']) == numbers['label'].sum() == 16
    f1 = [PixelF1.calculate(p > 0.5, g) for p, g in zip(numbers['pred'], numbers['gt'])]
    np.testing.assert_allclose(f1, numbers['wscl_pixel_f1'], atol=1e-5)
    np.testing.assert_allclose(f1, numbers['benco_pixel_f1'], atol=1e-5)
    assert ImageAUC.calculate(numbers['score'], numbers['label']) == pytest.approx(float(numbers['image_auc']))
