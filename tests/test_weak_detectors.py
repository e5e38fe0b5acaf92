"""MIL-FCN, WSCL, the single-stage network and the two composed: numbers, training from labels, odd input."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmpretrain.structures import DataSample
from torch import nn

from mmcabl.conversion.weak_systems import CONVERSIONS
from mmcabl.models.detectors import ScaledInference, TiledInference
from mmcabl.models.layers.global_weighted_pooling import with_background
from mmcabl.models.streams.stage import foreground_share
from mmcabl.registry import MODELS
from tests.golden_weights import golden_state
from tests.test_weak_layers import close

ROOT = Path(__file__).parents[1] / 'configs/table1'
SYSTEMS = ('mil-fcn', 'mil-fcn-wscl', 'stage-net', 'stage-net-wscl')
SOURCES = ('rgb', 'srm', 'bayar')


def published(system, shared, name):
    """A network with the weights that the references were made with, and the references."""
    conversion = CONVERSIONS[system]
    model = MODELS.build(conversion.model).eval()
    missing, unexpected = model.load_state_dict(
        conversion.rename(golden_state(shared / f'table1/{name}_keys.json')), strict=False)
    assert not [key for key in missing if 'num_batches' not in key and 'srm.pre_filter' not in key]
    assert all('running_iter' in key or 'tmp_running' in key for key in unexpected)
    numbers = {key: torch.from_numpy(array) for key, array in np.load(shared / f'table1/{name}.npz').items()}
    mean, std = (x.view(3, 1, 1) for x in (model.data_preprocessor.mean, model.data_preprocessor.std))
    return model, (numbers['input_uint8'].float() - mean) / std, numbers


@torch.no_grad()
def test_wscl_numbers(shared):
    model, image, numbers = published('wscl', shared, 'wscl_mil_fcn_resnet50')
    found, volumes = model.respond(image), {}
    for source in SOURCES:
        close(found[source].maps, numbers[f'{source}_out_map'], 1e-4)
        close(found[source].score, numbers[f'{source}_map_pred'], 1e-4)
        volume = model.volumes[source](found[source].features[1])
        close(volume[:, :3, :3], numbers[f'{source}_out_vol'].float(), 2e-3)
        volumes[source] = volume.amax((1, 2, 3, 4))
        close(volumes[source], numbers[f'{source}_vol_pred'], 1e-4)
    for source in ('srm', 'bayar'):
        close(model.streams[source].pre_filter(image)[..., ::2, ::2], numbers[f'{source}_filtered'], 1e-4)
    score, maps = model.score_and_map(image)
    close(score, numbers['ensemble_map_pred'], 1e-4)
    close(maps[..., ::4, ::4], numbers['ensemble_out_map_full'], 1e-4)
    # MIL-FCN is the RGB stream with another pooling
    assert torch.equal(MODELS.build(dict(type='mmcabl.GlobalMaxPooling'))(found['rgb'].maps),
                       found['rgb'].maps.flatten(1).amax(1))


@torch.no_grad()
def test_single_stage_numbers(shared):
    model, image, numbers = published('stage-net', shared, 'araslanov_roth_resnet50')
    stream, found, present = model.streams['rgb'], model.respond(image)['rgb'], torch.ones(1)
    close(found.features[0][:, :4, ::2, ::2], numbers['conv3_first4'], 1e-4)
    close(found.features[-1][:, :4], numbers['conv6_first4'], 1e-4)
    close(with_background(found.logits)[..., ::2, ::2], numbers['mask_logits'], 1e-4)
    close(stream.pooling(found.logits), numbers['cls'], 1e-4)
    close(found.score, numbers['cls'].sigmoid()[:, 0], 1e-4)
    close(model.score_and_map(image)[1][..., ::4, ::4], numbers['masks'], 1e-4)
    taught = stream.self_training(found, numbers['input_uint8'].float() / 255, present)
    close(taught.masks[:, 1:, ::4, ::4], numbers['train_cam'], 1e-4)
    close(taught.refined[:, 1:, ::4, ::4], numbers['train_pamr'], 1e-4)
    assert (taught.pseudo != numbers['train_pseudo_gt']).float().mean() < 1e-4
    close(foreground_share(found.maps, present), numbers['train_cls_fg'], 1e-4)
    assert stream.mask_loss(with_background(found.logits), taught.pseudo, present[:, None]) == 0  # one class alone


def small(system, **options):
    """The network of the config for training from scratch, narrower still."""
    cfg = Config.fromfile(str(ROOT / f'{system}_r50-mini_b8-4e_synthetic-160.py')).model
    cfg.backbone.update(base_channels=4, stem_channels=8)
    stream = cfg.stream if 'wscl' in system else cfg
    stream.head.update(dict(in_channels=(64, 128), channels=16) if 'mil' in system else dict(
        in_channels=128, skip_channels=16, channels=16, reduced_channels=4, aspp=dict(dilations=(1, 2))))
    if 'wscl' in system:
        cfg.volume.in_channels = 32
    for key, value in options.items():  # dicts replace what was there
        cfg[key] = value
    model = MODELS.build(cfg)
    model.init_weights()
    return model


def batch(labels, size=64, seed=0):
    """Noise of another strength on the left of manipulated images."""
    rng = np.random.default_rng(seed)
    images = rng.normal(120, 6, (len(labels), 3, size, size))
    images[np.array(labels) == 1, :, 8:40, 8:40] += rng.normal(0, 60, (sum(labels), 3, 32, 32))
    return dict(inputs=torch.from_numpy(images.clip(0, 255)).byte(),
                data_samples=[DataSample().set_gt_label(label) for label in labels])


@pytest.fixture
def epoch():
    """Tell the losses how far a training has come."""
    hub = MessageHub.get_instance('weak-detectors')

    def tell(epoch, epochs=4):
        hub.update_info('epoch', epoch)
        hub.update_info('max_epochs', epochs)

    yield tell
    hub.runtime_info.clear()


def losses_of(model, data):
    return model(**model.data_preprocessor(data, training=True), mode='loss')


@pytest.mark.parametrize('system', SYSTEMS)
def test_learns_from_labels_of_ten_images(system, epoch):
    epoch(3)
    torch.manual_seed(0)
    model, data = small(system), batch([0, 1] * 5)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    totals = []
    for _ in range(12):
        losses = losses_of(model, data)
        total = sum(value for name, value in losses.items() if 'loss' in name)
        optimizer.zero_grad()
        total.backward()
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        optimizer.step()
        totals.append(float(total.detach()))
    assert np.mean(totals[-3:]) < 0.8 * np.mean(totals[:2]), totals
    expected = {'loss_label'} | ({'loss_mask'} if 'stage' in system else set())
    if 'wscl' in system:
        expected = {f'{s}.{k}' for s in SOURCES for k in expected} | {'loss_multi_source', 'loss_inter_patch'}
    assert {name for name in losses if 'loss' in name} == expected


@pytest.mark.parametrize('system', SYSTEMS)
@pytest.mark.parametrize('labels, size', [([0, 0, 0], 33), ([1, 1], 70), ([0, 1], 16)])
def test_batches_of_one_kind_and_tiny_images_have_finite_losses(system, labels, size, epoch):
    epoch(3)
    model = small(system)
    losses = losses_of(model, batch(labels, max(size, 48)) if size > 40 else dict(
        batch(labels, 48), inputs=batch(labels, 48)['inputs'][..., :size, :size + 3]))
    total = sum(value for name, value in losses.items() if 'loss' in name)
    total.backward()
    assert torch.isfinite(total) and all(torch.isfinite(p.grad).all() for p in model.parameters() if p.requires_grad)
    if 'stage' in system and not any(labels):
        assert all(value == 0 for name, value in losses.items() if name.endswith(('loss_mask', 'foreground_share')))


def test_losses_change_with_the_training(epoch):
    torch.manual_seed(0)
    model, data = small('stage-net-wscl').eval(), batch([0, 1])
    found = []
    for at in (0, 1, 3):
        epoch(at)
        with torch.no_grad():
            found.append(losses_of(model, data))
    assert [any('loss_mask' in name for name in losses) for losses in found] == [False, True, True]
    for name in ('loss_multi_source', 'loss_inter_patch'):
        ratio = float(found[2][name] / found[0][name])
        assert ratio == pytest.approx(np.exp(-5 * 0.25 ** 2) / np.exp(-5), rel=1e-4)


@pytest.mark.parametrize('system', SYSTEMS)
@pytest.mark.parametrize('shape', [(1, 1), (3, 50), (65, 33)])
def test_any_image_has_a_score_a_map_and_a_mask(system, shape):
    model = small(system).eval()
    sample = DataSample()
    sample.set_metainfo(dict(img_path='a.png', ori_shape=shape, sample_idx=0))
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, *shape))).byte()
    found = model.test_step(dict(inputs=[image], data_samples=[sample]))[0]
    assert found.cam_raw.shape == found.pred_mask.shape == shape and 0 <= float(found.pred_score[1]) <= 1
    assert np.isfinite(found.cam_raw).all() and found.cam_raw.min() >= 0 and found.cam_raw.max() <= 1
    assert set(found.masks) == {'null', 'point', 'box', 'box_point'}


def mirror_free(image):
    """A network whose map is a channel of the image, its score 0.2."""
    return torch.full((1, ), 0.2), image[:, :1].clamp(0, 1)


@pytest.mark.parametrize('size', [(40, 40), (41, 95), (100, 41), (90, 4), (200, 200)])
def test_tiles_cover_an_image_once_or_in_the_mean(size):
    image = torch.rand(1, 3, *size)
    score, found = TiledInference(tile_size=40, overlap=0.1)(mirror_free, image)
    torch.testing.assert_close(found, image[0, 0])
    assert float(score) == pytest.approx(0.2 if max(size) <= 40 else float(image[0, 0].max()))


def test_tiles_are_squares_that_overlap():
    shown = []
    TiledInference(tile_size=40, overlap=0.25)(lambda x: shown.append(x) or mirror_free(x), torch.ones(1, 3, 20, 75))
    assert [tuple(x.shape) for x in shown] == [(1, 3, 40, 40)] * 3
    assert all(not x[..., 20:, :].any() and x[..., :20, :].all() for x in shown)


def test_scales_and_mirror_images():
    shown = []

    def network(image):
        shown.append(image)
        return torch.tensor([float(len(shown)) / 10]), image[:, :1]

    image = torch.linspace(0.1, 0.9, 24).view(1, 1, 1, 24).expand(1, 3, 12, 24)
    score, found = ScaledInference((1, 0.5), flip=True, max_side=12)(network, image)
    assert [tuple(x.shape[-2:]) for x in shown] == [(6, 12)] * 2 + [(3, 6)] * 2 and float(score) == pytest.approx(0.4)
    assert found.shape == (12, 24) and (found[0].diff() > -1e-6).all()  # mirrored back
    torch.testing.assert_close(found.flip(-1), 1 - found)
    assert float(ScaledInference((1, 0.5), score='mean')(network, image)[0]) == pytest.approx(0.55)


def test_background_to_a_power_is_the_comparison_of_classes():
    image = torch.linspace(0, 1, 1001).view(1, 1, 1, -1).expand(1, 3, 1, -1)
    share = image[0, 0]
    found = ScaledInference(background_power=3)(mirror_free, image)[1]
    assert torch.equal(found > 0.5, share > (1 - share) ** 3) and found.min() == 0 and found.max() == 1
    torch.testing.assert_close(ScaledInference()(mirror_free, image)[1], share)
    assert not ScaledInference(least_score=0.2)(mirror_free, image)[1].any()
    assert ScaledInference(least_score=0.19)(mirror_free, image)[1].any()


def test_weak_streams_take_an_autocast_batch(epoch):
    epoch(3)
    for system in SYSTEMS:
        model = small(system)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            losses = losses_of(model, batch([0, 1]))
        assert all(torch.isfinite(value) and value.dtype == torch.float32 for value in losses.values())


def test_nothing_of_the_backbone_s_norms_learns_in_the_paper_s_single_stage_network():
    cfg = Config.fromfile(str(ROOT / 'stage-net_r50_b16-20e_casiav2-448.py')).model
    cfg.backbone.init_cfg = None
    model = MODELS.build(cfg).train()
    backbone = model.streams['rgb'].backbone
    norms = [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 53 and not any(m.training or m.weight.requires_grad for m in norms)
    assert not backbone.conv1.weight.requires_grad and backbone.layer1[0].conv1.weight.requires_grad
    head = model.streams['rgb'].head
    norms = [m for m in head.aspp.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 6 and all(not m.training and m.weight.requires_grad for m in norms)
    assert head.join.bn.training


@pytest.mark.parametrize('options, text', [
    (dict(weights=dict(rgb=1)), 'one weight for each source'),
    (dict(inference=dict(type='mmcabl.TiledInference', tile_size=0)), '1 px and more'),
    (dict(inference=dict(type='mmcabl.ScaledInference', scales=[])), 'numbers more than 0'),
    (dict(inference=dict(type='mmcabl.ScaledInference', score='sum')), 'accepted are max, mean')])
def test_bad_options_are_sentences(options, text):
    with pytest.raises(ValueError, match=text):
        small('mil-fcn-wscl', **options)


def test_a_backbone_whose_stages_do_not_fit_is_a_sentence():
    model = small('mil-fcn').eval()
    model.streams['rgb'].backbone.out_indices = (2, )
    with pytest.raises(ValueError, match='out_indices'):
        model.respond(torch.zeros(1, 3, 32, 32))
