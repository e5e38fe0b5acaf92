"""ManTra-Net: the PyTorch port's numbers, both ways to normalise, strips, odd images, training."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcabl.conversion.table1 import CONVERSIONS, convert_system
from mmcabl.models.detectors.base import truth_of
from mmcabl.registry import MODELS
from tests.golden_weights import GAINS, golden_state
from tests.learning import batch, error, train

SYSTEMS = {'mantra_net': 'mantra-net', 'mantra_net_gru': 'mantra-net-gru'}


def published(shared, name, seed=2026, **options):
    """The network with the weights that the references were made with."""
    system = SYSTEMS[name]
    state, dropped = convert_system(system, golden_state(shared / f'table1/{name}_keys.json', GAINS[name], seed))
    model = MODELS.build({**CONVERSIONS[system].model, **options}).eval()
    found = model.load_state_dict(state, strict=False)
    assert found.missing_keys == ['features.srm.weight'] and not found.unexpected_keys and not dropped
    return model


@torch.no_grad()
def test_numbers_of_the_port(shared):
    numbers, model = np.load(shared / 'table1/mantra_net.npz'), published(shared, 'mantra_net')
    image = torch.from_numpy(numbers['input_uint8']).float()
    assert error(model.features.bayar.weight, numbers['bayar_weight_before']) == 0
    assert error(model.features.bayar.constrained_weight(), numbers['bayar_weight_after']) < 1e-6
    features = model.features(image)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(1, 72, 88))
    assert error(features[:, :3, ::8, ::8], numbers['features_first8']) < 1e-4
    adapted = model.norm(model.adaptation(features))
    assert error(adapted[:, :3, ::8, ::8], numbers['adapted_first4']) < 1e-4
    # the whole way from an image as it is read, BGR
    found = model.test_step(dict(inputs=[image[0].byte().flip(0)], data_samples=[DataSample()]))[0]
    assert error(torch.from_numpy(found.cam_raw), numbers['anomaly_map'][0, 0]) < 1e-4


@torch.no_grad()
@pytest.mark.parametrize('name, key', [('mantra_net', 'anomaly_map'), ('mantra_net_gru', 'anomaly_map_gru')])
def test_numbers_of_an_image_smaller_than_a_window(shared, name, key):
    numbers = np.load(shared / 'table1/mantra_net_odd.npz')
    model = published(shared, name, int(numbers['seed']))
    found = model.detect(torch.from_numpy(numbers['input_uint8']).float(), None)[1]
    assert error(found, numbers[key][0, 0]) < 1e-4


@torch.no_grad()
def test_numbers_of_the_variant_with_a_gru(shared):
    numbers, model = np.load(shared / 'table1/mantra_net.npz'), published(shared, 'mantra_net_gru')
    found = model.detect(torch.from_numpy(numbers['input_uint8']).float(), None)[1]
    assert error(found, numbers['anomaly_map_gru'][0, 0]) < 1e-4


def small(**options):
    return MODELS.build({'type': 'mmcabl.ManTraNet', 'features': dict(widths=(16, 16, 16)),
                         'deviation': dict(channels=8, windows=(3, 7)), **options})


@torch.no_grad()
def test_strips_give_the_same_numbers():
    model, image = small().eval(), torch.randint(0, 256, (1, 3, 45, 20)).float()
    whole = model.adapted(image)
    for rows in (1, 13, 44):
        model.strip_pixels = rows * 20
        torch.testing.assert_close(model.adapted(image), whole, rtol=0, atol=1e-6)


@torch.no_grad()
def test_both_ways_to_normalise():
    torch.manual_seed(0)
    stored, own = small(norm='stored').eval(), small(norm='own').eval()
    assert set(stored.state_dict()) - set(own.state_dict()) == {
        f'norm.{name}' for name in ('running_mean', 'running_var', 'num_batches_tracked')}
    own.load_state_dict(stored.state_dict(), strict=False)
    image = torch.randint(0, 256, (1, 3, 24, 30)).float()
    adapted = stored.adapted(image)
    variance, mean = torch.var_mean(adapted, (0, 2, 3), correction=0)
    torch.testing.assert_close(own.norm(adapted).var((2, 3), correction=0)[0], variance / (variance + 1e-3))
    stored.norm.running_mean.copy_(mean)
    stored.norm.running_var.copy_(variance)
    torch.testing.assert_close(stored.norm(adapted), own.norm(adapted), rtol=1e-4, atol=1e-5)
    # deviations in units of the deviation: neither shift nor scale of a channel is left of the normalisation...
    stored.norm.running_mean.add_(1)
    stored.norm.running_var.mul_(4)
    assert not torch.allclose(stored.norm(adapted), own.norm(adapted), atol=0.1)
    torch.testing.assert_close(stored.logits(image), own.logits(image), rtol=1e-3, atol=1e-4)
    # ... unless it makes a deviation less than the least
    stored.norm.running_var.fill_(1e12)
    assert not torch.allclose(stored.logits(image), own.logits(image), atol=1e-2)


@pytest.mark.parametrize('recurrence, norm', [('mmcabl.ConvLSTM2d', 'own'), ('mmcabl.ConvGRU2d', 'stored')])
def test_learns_from_ten_images(recurrence, norm):
    torch.manual_seed(0)
    model = small(recurrence=dict(type=recurrence, hidden_channels=4), norm=norm).train()
    totals = train(model, batch(), 12, 1e-2)
    assert np.mean(totals[-3:]) < 0.8 * np.mean(totals[:3]), totals


def test_unknown_truth_does_not_count():
    model, data = small().eval(), batch(2)
    inputs = model.data_preprocessor(data, training=True)
    truth = data['data_samples'][1].gt_seg_map
    truth[:, :16] = 255
    with torch.no_grad():
        logits = model.logits(inputs['inputs']).double()
        found = model(**inputs, mode='loss')['loss_mask']
        known = torch.stack([torch.from_numpy(s.gt_seg_map) for s in data['data_samples']]) != 255
        wanted = torch.stack([torch.from_numpy(s.gt_seg_map) for s in data['data_samples']]) == 1
        expected = torch.where(wanted, -logits.sigmoid().log(), -(-logits).sigmoid().log())[known].mean()
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    for sample in data['data_samples']:
        sample.gt_seg_map[:] = 255
    assert model(**inputs, mode='loss')['loss_mask'] == 0


def test_truth_may_be_a_mirrored_view_or_a_tensor():
    samples, truth = [DataSample(), DataSample()], np.eye(4, dtype=np.uint8)
    samples[0].set_field(truth[:, ::-1], 'gt_seg_map', dtype=None)
    samples[1].set_field(torch.from_numpy(truth), 'gt_seg_map', dtype=None)
    found = truth_of(samples)
    assert torch.equal(found[0], found[1].flip(-1)) and found.dtype == torch.long


def test_takes_an_autocast_batch():
    model, data = small(), batch(2)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(**model.data_preprocessor(data, training=True), mode='loss')
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert all(loss.dtype == torch.float32 and torch.isfinite(loss) for loss in losses.values())


@pytest.mark.parametrize('shape', [(1, 1), (2, 40), (33, 17)])
@pytest.mark.parametrize('even', [False, True])
def test_any_image_has_a_score_a_map_and_a_mask(shape, even):
    image = torch.full((3, *shape), 7).byte() if even else torch.randint(0, 256, (1, *shape)).byte().expand(3, *shape)
    found = small().eval().test_step(dict(inputs=[image], data_samples=[DataSample()]))[0]
    assert found.cam_raw.shape == found.pred_mask.shape == shape and np.isfinite(found.cam_raw).all()
    assert float(found.pred_score[1]) == pytest.approx(found.cam_raw.max())


def test_bad_options_are_sentences():
    for options in (dict(norm='batch'), dict(score='sum')):
        with pytest.raises(ValueError, match='accepted are'):
            small(**options)
    with torch.no_grad():
        scores, maps = small(score='mean').eval()([torch.rand(3, 20, 20)])
    assert float(scores) == pytest.approx(float(maps[0].mean()))
