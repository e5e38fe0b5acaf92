"""The localizer: scales, averaging, flips, fields, what it learns from."""

import numpy as np
import pytest
import torch
from mmengine.hooks import EMAHook
from mmengine.model import ExponentialMovingAverage
from mmengine.runner.checkpoint import load_state_dict
from mmpretrain.structures import DataSample

from mmcabl.models.localizers.scales import batches, check_scales, network_size, resize, to_image_size
from tests.conftest import build_localizer

SIZES = [(64, 64), (50, 90), (64, 64)]


def images(sizes=SIZES):
    return [torch.randn(3, *s) for s in sizes]


def batch(*sizes, **meta):
    """As a data loader gives it: uint8 pixels and their samples."""
    pixels = [torch.randint(0, 256, (3, *s), dtype=torch.uint8) for s in sizes]
    return dict(inputs=pixels, data_samples=[DataSample(metainfo=meta) for _ in sizes])


def test_predict_sets_every_field_at_the_original_size():
    model = build_localizer(scales=[64, 96], postprocessor=dict(compare=['null', 'point', 'box']))
    for sample, size in zip(model.test_step(batch(*SIZES)), SIZES):
        authentic, manipulated = sample.pred_score.tolist()
        assert 0 <= manipulated <= 1 and authentic == pytest.approx(1 - manipulated)
        assert sample.pred_label.item() == int(manipulated >= 0.5)
        assert sample.cam_raw.shape == sample.cam.shape == size
        assert sample.cam.min() == 0 and sample.cam.max() == 1
        assert np.array_equal(sample.coarse_mask, sample.cam >= 0.5)
        assert set(sample.masks) == {'null', 'point', 'box', 'box_point'}
        assert np.array_equal(sample.pred_mask, sample.masks['box_point'])
        assert all(m.shape == size and m.dtype == bool for m in sample.masks.values())
        x, y = sample.prompts['positive']
        assert sample.cam_raw[y, x] == sample.cam_raw.max()


def test_scales_are_averaged():
    model, tensors = build_localizer(), images()
    results = {}
    for scales in ((64,), (96,), (64, 96)):
        model.scales = check_scales(scales)
        results[scales] = model.localize(tensors, SIZES)
    (small, small_maps), (large, large_maps), (both, maps) = results.values()
    assert torch.allclose(both, (small + large) / 2, atol=1e-6)
    for found, a, b in zip(maps, small_maps, large_maps):
        assert torch.allclose(found, (a + b) / 2, atol=1e-5)


def test_a_batch_is_no_more_than_its_images():
    model, tensors = build_localizer(scales=[64, 'native']), images()
    together = model.localize(tensors, SIZES)
    for i, image in enumerate(tensors):
        alone = model.localize([image], [SIZES[i]])
        assert torch.allclose(together[0][i], alone[0][0], atol=1e-5)
        assert torch.allclose(together[1][i], alone[1][0], atol=1e-4)


def test_with_flip_a_mirrored_image_has_the_mirrored_map():
    model, image = build_localizer(scales=[64], flip=True), torch.randn(3, 64, 64)
    score, maps = model.localize([image], [(64, 64)])
    mirrored_score, mirrored = model.localize([image.flip(-1)], [(64, 64)])
    assert torch.allclose(score, mirrored_score, atol=1e-5)
    assert torch.allclose(maps[0].flip(-1), mirrored[0], atol=1e-4)


@pytest.mark.parametrize('method', ['running', 'stored_qk'])
def test_attention_methods_agree(method):
    reference = build_localizer(attention='auto')
    other = build_localizer(attention=method)
    other.load_state_dict(reference.state_dict())
    image = torch.randn(1, 3, 64, 64)
    assert torch.allclose(reference.score_and_map(image)[1], other.score_and_map(image)[1], atol=1e-4)


def test_folded_weights_follow_training_and_loading():
    model, image = build_localizer(union='sum'), torch.randn(1, 3, 64, 64)
    first = model.score_and_map(image)[1]
    changed = {k: v * 1.05 if v.is_floating_point() else v for k, v in model.state_dict().items()}
    model.load_state_dict(changed)
    second = model.score_and_map(image)[1]
    assert not torch.allclose(first, second)
    with torch.no_grad():
        model.train()
        model.backbone.conv_trans_6.fusion_block.conv3.weight.mul_(-1)
    model.eval()
    third = model.score_and_map(image)[1]
    assert not torch.allclose(second, third)
    assert not [k for k in model.state_dict() if 'folded' in k]
    fresh = build_localizer(union='sum')
    fresh.load_state_dict(model.state_dict())
    assert torch.equal(fresh.score_and_map(image)[1], third)


def load_in_place(model):
    model.load_state_dict({k: v * 1.05 if v.is_floating_point() else v for k, v in model.state_dict().items()})


def load_by_mmengine(model):
    load_state_dict(model, {k: v * 1.05 if v.is_floating_point() else v for k, v in model.state_dict().items()})


def load_other_tensors(model):
    state = {k: v * 1.05 if v.is_floating_point() else v for k, v in model.state_dict().items()}
    model.load_state_dict(state, assign=True)


def round_to_half_and_back(model):
    model.half().float()


def move(model):
    model.to(torch.float64)


def take_a_step(model):
    optimizer = torch.optim.SGD(model.train().parameters(), lr=0.1)
    sum(model.loss(torch.randn(2, 3, 64, 64), [DataSample().set_gt_label(v) for v in (0, 1)]).values()).backward()
    optimizer.step()
    model.eval()


def swap_in_averages(model):
    """As mmengine's loops do: the hook, then eval()."""
    hook = EMAHook()
    hook.src_model, hook.ema_model = model, ExponentialMovingAverage(model)
    load_in_place(hook.ema_model.module)
    hook._swap_ema_parameters()
    model.eval()


def swap_in_statistics(model):
    model.backbone.bn1.running_mean.data.add_(1)
    model.eval()


CHANGES = [load_in_place, load_by_mmengine, load_other_tensors, round_to_half_and_back, move, take_a_step,
           swap_in_averages, swap_in_statistics]


@pytest.mark.parametrize('change', CHANGES)
def test_no_folded_copy_outlives_its_weights(change):
    model, image = build_localizer(union='sum'), torch.randn(1, 3, 64, 64)
    before, copy = model.score_and_map(image)[1], model.inference_backbone()
    assert model.inference_backbone() is copy  # one for as long as nothing changes
    change(model)
    image = image.to(next(model.parameters()).dtype)
    with torch.no_grad():
        found = [part for output in model.inference_backbone()(image) for part in output]
        expected = [part for output in model.backbone(image) for part in output]
    assert model.inference_backbone() is not copy
    for a, b in zip(found, expected):
        assert a.dtype == b.dtype and torch.allclose(a, b, atol=1e-4)
    assert not torch.equal(model.score_and_map(image)[1], before)
    assert not [k for k in model.state_dict() if 'folded' in k]


def test_training_reads_labels_only_and_reaches_every_parameter():
    model = build_localizer().train()
    samples = [DataSample().set_gt_label(v) for v in (0, 1)]
    losses = model.loss(torch.randn(2, 3, 64, 64), samples)
    sum(losses.values()).backward()
    assert set(losses) == {'loss_conv', 'loss_trans'}
    assert all(p.grad is not None for p in model.parameters())
    assert all(list(s.keys()) == ['gt_label'] for s in samples)


def test_refiner_belongs_neither_to_checkpoint_nor_optimizer():
    model = build_localizer()
    model.test_step(batch(*SIZES))
    assert all(k.startswith(('backbone.', 'head.')) for k in model.state_dict())


def test_preprocessor_keeps_sizes_and_the_pixels_themselves():
    model = build_localizer()
    pixels = [torch.randint(0, 256, (3, *s), dtype=torch.uint8) for s in SIZES]
    data = model.data_preprocessor(dict(inputs=pixels, data_samples=[DataSample() for _ in SIZES]))
    for given, tensor, sample in zip(pixels, data['inputs'], data['data_samples']):
        assert np.array_equal(sample.pixels, given.flip(0).permute(1, 2, 0).numpy())
        assert np.shares_memory(sample.pixels, given.numpy()), 'a picture was copied'
        assert torch.allclose(tensor[0], (given[2].float() - 123.675) / 58.395, atol=1e-6)
    small = [DataSample(metainfo=dict(ori_shape=(10, 20)))]
    model.data_preprocessor(dict(inputs=pixels[:1], data_samples=small))
    assert small[0].pixels.shape == (10, 20, 3)
    with pytest.raises(ValueError, match='comes without its pixels.*test_step'):
        model.predict(images())


def test_results_have_the_recorded_original_size():
    found = build_localizer().test_step(batch((50, 60), ori_shape=(100, 120)))[0]
    assert found.cam.shape == found.pred_mask.shape == (100, 120)


def test_scales_and_sizes():
    assert check_scales((256, (64, 96), 'native')) == [(256, 256), (64, 96), 'native']
    assert check_scales('within 512') == check_scales('within512') == ['within 512']
    assert [b.shape for *_, b in batches([torch.zeros(3, 8, 9)], ['native'])] == [(1, 3, 32, 32)]
    assert [group for group, *_ in batches(images(), ['native'])] == [{0: [0], 2: [0]}, {1: [0]}]
    image = torch.randn(3, 8, 8)
    assert resize(image, (8, 8)) is image
    ramp = torch.arange(6.).repeat(4, 1)[None]
    cut = to_image_size(ramp, (64, 96), (64, 48), (64, 48))
    assert torch.allclose(cut, to_image_size(ramp, (64, 96), (64, 96), (64, 96))[..., :48], atol=1e-5)
    for bad in ([], [16], ['large'], [(64, 64, 64)], [64.5], ['within 16'], ['within 512 px'], ['within -64']):
        with pytest.raises(ValueError, match='[Tt]est scale'):
            check_scales(bad)


def test_the_score_is_of_the_first_scales_and_the_map_of_all():
    model, tensors = build_localizer(scales=[64, 96, 'native'], scored_scales=2, flip=True), images()
    found = model.localize(tensors, SIZES)
    parts = {}
    for scale in (64, 96, 'native'):
        model.scales = check_scales([scale])  # fewer than scored_scales
        parts[scale] = model.localize(tensors, SIZES)
    torch.testing.assert_close(found[0], (parts[64][0] + parts[96][0]) / 2)
    for i, each in enumerate(found[1]):
        torch.testing.assert_close(each, sum(part[1][i] for part in parts.values()) / 3, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('shape, size', [
    ((300, 400), (300, 400)), ((512, 100), (512, 100)), ((3000, 4000), (384, 512)), ((1024, 33), (512, 32)),
    ((513, 512), (512, 511)), ((9, 5000), (32, 512)), ((1, 1), (32, 32))])
def test_within_shrinks_the_longer_side_alone(shape, size):
    assert network_size('within 512', shape) == size
    if min(size) > 32:  # to half a pixel
        assert abs(size[0] * max(shape) - shape[0] * max(size)) <= max(shape) / 2


def test_within_is_the_own_size_of_small_images_and_a_smaller_image_of_large_ones():
    model, image = build_localizer(scales=['native']), torch.randn(3, 48, 64)
    own, small = (model.localize([x], [(48, 64)]) for x in (image, resize(image, (36, 48))))
    model.scales = check_scales(['within 64'])
    for a, b in zip(own, model.localize([image], [(48, 64)])):
        torch.testing.assert_close(a[0], b[0], atol=1e-6, rtol=0)
    model.scales = check_scales(['within 48'])
    found = model.localize([image], [(48, 64)])
    torch.testing.assert_close(found[0], small[0], atol=1e-6, rtol=0)
    assert (found[1][0] - small[1][0]).abs().max() < 0.2 * small[1][0].std()  # enlarged in one step there, two here


def test_sizes_that_scales_share_are_computed_once(monkeypatch):
    model = build_localizer(scales=['within 64', 'within 96'])
    tensors = [torch.randn(3, 48, 64), torch.randn(3, 60, 90)]
    shapes, plain = [], model.score_and_map
    monkeypatch.setattr(model, 'score_and_map', lambda batch: shapes.append(tuple(batch.shape)) or plain(batch))
    scores, maps = model.localize(tensors, [(48, 64), (60, 90)])
    assert shapes == [(1, 3, 48, 64), (1, 3, 43, 64), (1, 3, 60, 90)]
    model.scales = check_scales(['within 64'])
    alone = model.localize(tensors, [(48, 64), (60, 90)])
    torch.testing.assert_close(scores[0], alone[0][0])
    torch.testing.assert_close(maps[0], alone[1][0])
    assert (maps[1] - alone[1][1]).abs().max() > 0.01 * maps[1].std()


@pytest.mark.parametrize('kwargs, message', [
    (dict(union='mean'), "union 'mean'.*max, sum"), (dict(attention='full'), "attention 'full'.*none"),
    (dict(scales=[]), 'empty'),
    *((dict(scored_scales=bad), f'scored_scales={bad!r}.*1 here') for bad in (4, 0, 1.5, True, '1')),
    (dict(postprocessor=dict(prompt='mask')), "'mask'.*box_point"),
    (dict(postprocessor=dict(threshold=2)), 'threshold=2')])
def test_bad_options(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build_localizer(**kwargs)
