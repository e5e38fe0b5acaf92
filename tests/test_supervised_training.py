"""MVSS-Net and CAT-Net learn from masks; what they do with odd input."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample
from torch.nn import functional as F

from mmcabl.registry import MODELS
from tests.conftest import randomise
from tests.test_supervised_detectors import small_cat_net, small_mvss_net


def batch(images=10, size=64, seed=0):
    """Noise of another strength in a square of every second image; JPEG's coefficients are as different there."""
    rng = np.random.default_rng(seed)
    pixels, samples = rng.normal(120, 6, (images, 3, size, size)), []
    for i in range(images):
        truth = np.zeros((size, size), np.uint8)
        dct = rng.integers(-2, 3, (size, size)).astype(np.int16)
        if i % 2:
            truth[16:48, 8:40] = 1
            pixels[i] += rng.normal(0, 50, (3, size, size)) * truth
            dct = np.where(truth == 1, 5 * dct, dct)
        sample = DataSample().set_gt_label(i % 2)
        for key, value in dict(gt_seg_map=truth, dct=dct, qtable=np.full((8, 8), 3, np.int32)).items():
            sample.set_field(value, key)
        samples.append(sample)
    return dict(inputs=torch.from_numpy(pixels.clip(0, 255)).byte(), data_samples=samples)


def losses_of(model, data):
    return model(**model.data_preprocessor(data, training=True), mode='loss')


@pytest.mark.parametrize('build, steps', [(small_mvss_net, 12), (small_cat_net, 8)])
def test_gradients_are_finite_and_the_loss_falls(build, steps):
    model, data = build(), batch()
    model.init_weights()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    seen = []
    for _ in range(steps):
        loss = sum(losses_of(model.train(), data).values())
        optimizer.zero_grad()
        loss.backward()
        without = [name for name, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
        assert not without
        optimizer.step()
        seen.append(loss.item())
    assert seen[-1] < 0.9 * seen[0]


@pytest.mark.parametrize('build', [small_mvss_net, small_cat_net])
def test_they_take_an_autocast_batch(build):
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = losses_of(build(), batch(2))
    assert all(torch.isfinite(value) and value.dtype == torch.float32 for value in losses.values())
    sum(losses.values()).backward()


def test_mvss_net_takes_masks_of_manipulated_images_alone():
    model, data = small_mvss_net().eval(), batch(4)
    found = losses_of(model, data)
    assert set(found) == {'loss_mask', 'loss_image', 'loss_edge'}
    for sample in data['data_samples'][::2]:
        sample.gt_seg_map[:] = 255  # unknown, of authentic images: nothing changes
    assert {k: v.item() for k, v in losses_of(model, data).items()} == {k: v.item() for k, v in found.items()}
    for sample in data['data_samples']:
        sample.gt_seg_map[:] = 255
    found = losses_of(model, data)
    assert found['loss_mask'] == found['loss_edge'] == 0 and found['loss_image'] > 0
    sum(found.values()).backward()
    labels = torch.tensor([0., 1., 0., 1.])
    scores = torch.stack([model.detect(x[None], DataSample())[0]
                          for x in model.data_preprocessor(data, training=False)['inputs']])
    assert found['loss_image'].item() == pytest.approx(0.04 * F.binary_cross_entropy(scores, labels).item(), rel=1e-4)


def test_cat_net_s_weighted_cross_entropy():
    model, data = small_cat_net().eval(), batch(4)
    found = losses_of(model, data)['loss_mask']
    inputs = model.data_preprocessor(data, training=True)['inputs']
    truth, dct, table = (torch.from_numpy(np.stack([s.get(key) for s in data['data_samples']]))
                         for key in ('gt_seg_map', 'dct', 'qtable'))
    logits = F.interpolate(model.logits(inputs, dct, table), (64, 64), mode='bilinear')
    torch.testing.assert_close(found, F.cross_entropy(logits, truth.long(), torch.tensor([0.5, 2.5])))
    for sample in data['data_samples']:
        sample.gt_seg_map[:] = 255
    assert losses_of(model, data)['loss_mask'] == 0


@torch.no_grad()
@pytest.mark.parametrize('shape', [(61, 90), (8, 200), (1, 1), (96, 64)])
def test_any_size(shape):
    sample = DataSample()
    sample.set_field(np.zeros([-(-side // 8) * 8 for side in shape], np.int16), 'dct')
    sample.set_field(np.ones((8, 8), np.int32), 'qtable')
    for model in (randomise(small_cat_net()), randomise(small_mvss_net())):
        score, found = model.detect(torch.randn(1, 3, *shape), sample)
        assert found.shape == shape and score == found.max() and 0 <= score <= 1


@torch.no_grad()
def test_channel_order():
    model, image = randomise(small_mvss_net()), torch.randn(1, 3, 64, 64)
    other = randomise(small_mvss_net(channel_order='rgb'))
    other.load_state_dict(model.state_dict())
    assert torch.equal(model.detect(image, None)[1], other.detect(image.flip(1), None)[1])
    grey = []
    model.constrained.register_forward_pre_hook(lambda _, args: grey.append(args[0]))
    model.detect(image, None)  # R, G, B here
    expected = 0.2989 * image[:, :1] + 0.5870 * image[:, 1:2] + 0.1140 * image[:, 2:]
    torch.testing.assert_close(grey[0], expected)
    pixels = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8)  # BGR, as cv2 reads
    seen, mean, std = [], torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    model.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    model.test_step(dict(inputs=pixels, data_samples=[DataSample()]))
    expected = ((pixels / 255).permute(0, 2, 3, 1) - mean) / std  # as the public code: no turning, RGB's values
    torch.testing.assert_close(seen[-1], expected.permute(0, 3, 1, 2), rtol=1e-4, atol=1e-5)


def test_bad_options_and_samples_are_sentences():
    with pytest.raises(ValueError, match='Unknown channel_order'):
        small_mvss_net(channel_order='gbr')
    with pytest.raises(ValueError, match='multi_grid of MultiGridResNet'):
        MODELS.build(dict(type='mmcabl.MultiGridResNet', multi_grid=(1, 2)))
    model, image, sample = small_cat_net().eval(), torch.zeros(1, 3, 64, 64), DataSample()
    with pytest.raises(KeyError, match='LoadDCT'):
        model.detect(image, sample)
    sample.set_field(np.zeros((64, 64), np.int16), 'dct')
    sample.set_field(np.ones((8, 8), np.int32), 'qtable')
    with pytest.raises(ValueError, match='GridCrop'):
        model.detect(image[..., :48], sample)
    sample.set_metainfo(dict(flip=True))
    with pytest.raises(ValueError, match='mirrored'):
        model.detect(image, sample)
