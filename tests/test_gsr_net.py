"""GSR-Net: the public TensorFlow code's numbers, its own statistics in testing, edges, training, odd images."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcabl.conversion.table1 import convert_system
from mmcabl.models.detectors.gsr_net import cross_entropy, edges_of
from mmcabl.registry import MODELS
from tests.golden_weights import GAINS, golden_state
from tests.learning import batch, error, train


def published(shared, seed=2026):
    keys = shared / 'table1/gsr_net_keys.json'
    state, dropped = convert_system('gsr-net', golden_state(keys, GAINS['gsr_net'], seed))
    assert len(dropped) == 13 and all(name.endswith('/b') for name in dropped)
    model = MODELS.build(dict(type='mmcabl.GSRNet')).eval()
    model.load_state_dict(state, strict=True)
    return model


@torch.no_grad()
@pytest.mark.parametrize('name', ['gsr_net', 'gsr_net_odd'])
def test_numbers_of_the_public_code(shared, name):
    numbers = np.load(shared / f'table1/{name}.npz')
    model = published(shared, int(numbers['seed']) if 'seed' in numbers else 2026)
    image = torch.from_numpy(numbers['input_bgr_uint8'][0]).permute(2, 0, 1)
    batch = model.data_preprocessor(dict(inputs=[image]))['inputs'][0][None]
    fused, edges, regions = (found.permute(0, 2, 3, 1) for found in model.logits(batch))
    step = 2 if name == 'gsr_net' else 1
    assert error(fused[:, ::step, ::step], numbers['fused_logits']) < 1e-4
    assert error(edges[:, ::step, ::step], numbers['edge_logits']) < 1e-4
    assert error(regions, numbers['seg_logits']) < 1e-4
    found = model.test_step(dict(inputs=[image], data_samples=[DataSample()]))[0]
    expected = numbers['probability'][0] if 'probability' in numbers else fused.softmax(-1)[0, ..., 1].numpy()
    assert error(torch.from_numpy(found.cam_raw), expected) < 1e-4
    assert float(found.pred_score[1]) == pytest.approx(expected.max(), rel=1e-4)


def small(**options):
    return MODELS.build({'type': 'mmcabl.GSRNet', 'backbone': dict(widths=(8, 8, 16, 16, 16, 32)), **options})


@torch.no_grad()
def test_an_image_does_not_depend_on_the_others_of_its_batch():
    model, images = small().eval(), torch.randint(0, 256, (2, 3, 40, 48)).byte()
    together = model.test_step(dict(inputs=list(images), data_samples=[DataSample(), DataSample()]))
    for image, sample in zip(images, together):
        alone = model.test_step(dict(inputs=[image], data_samples=[DataSample()]))[0]
        assert np.array_equal(alone.cam_raw, sample.cam_raw)
    assert not [name for name in model.state_dict() if 'running' in name]
    # its own statistics: a whole image's contrast cancels out, but for what is beyond the border
    image = images[:1].float() - 128
    inside = [model.backbone.blocks[0][0](x)[..., 2:-2, 2:-2] for x in (image, image * 0.5)]
    torch.testing.assert_close(*inside, rtol=1e-3, atol=1e-3)


def test_edges_are_dilation_minus_erosion():
    truth = torch.zeros(1, 12, 12, dtype=torch.long)
    truth[0, 4:, 4:] = 1
    found = edges_of(truth)
    expected = torch.zeros(12, 12, dtype=torch.long)
    expected[2:, 2:] = 1
    expected[6:, 6:] = 0
    assert torch.equal(found[0], expected)  # nothing at the image's own border
    truth[0, 0, 11] = 255
    found = edges_of(truth)
    assert (found[0, :3, 9:] == 255).all() and (found == 255).sum() == 9
    assert not edges_of(torch.ones(1, 5, 5, dtype=torch.long)).any()


def test_losses_by_hand():
    logits, truth = torch.zeros(1, 2, 1, 4), torch.tensor([[[0, 1, 1, 255]]])
    assert float(cross_entropy(logits, truth)) == pytest.approx(np.log(2))
    assert float(cross_entropy(logits, truth, (0.3, 0.7))) == pytest.approx(np.log(2) * 1.7 / 3)
    assert float(cross_entropy(logits, torch.full_like(truth, 255))) == 0


@pytest.mark.parametrize('options', [{}, dict(seg_weight=1)])
def test_learns_from_ten_images(options):
    torch.manual_seed(0)
    model, data = small(**options), batch(size=48)
    totals = train(model, data, 12, 1e-2)
    assert np.mean(totals[-3:]) < 0.8 * np.mean(totals[:2]), totals
    losses = model(**model.data_preprocessor(data, training=True), mode='loss')
    assert set(losses) == {'loss_fused', 'loss_edge', *(['loss_seg'] if options else [])}


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
    with pytest.raises(ValueError, match='accepted are max, mean'):
        small(score='sum')
