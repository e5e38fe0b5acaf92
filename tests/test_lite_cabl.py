"""LiteCABL against a plain-torch network by the published names, and against its own stages."""

import pytest
import torch
from mmengine.config import Config
from torch import nn
from torch.nn import functional as F

from mmcabl.conversion.table1 import convert_system
from mmcabl.models.localizers.attention import RunningAverage
from mmcabl.models.localizers.precision import lower as lowered
from mmcabl.registry import MODELS

STAGES = ((32, 16, 1, 3, 1, 1), (16, 24, 6, 3, 2, 2), (24, 40, 6, 5, 2, 2), (40, 80, 6, 3, 2, 3),
          (80, 112, 6, 5, 1, 3), (112, 192, 6, 5, 2, 4), (192, 320, 6, 3, 1, 1))


class Block(nn.Module):
    """One block of EfficientNet-Lite0 under its published names; padding is even on both sides."""

    def __init__(self, before, after, expansion, kernel, stride):
        super().__init__()
        inner = before * expansion
        self.added = stride == 1 and before == after
        if expansion > 1:
            self._expand_conv, self._bn0 = nn.Conv2d(before, inner, 1, bias=False), nn.BatchNorm2d(inner, 1e-3)
        self._depthwise_conv = nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False)
        self._bn1 = nn.BatchNorm2d(inner, 1e-3)
        self._project_conv, self._bn2 = nn.Conv2d(inner, after, 1, bias=False), nn.BatchNorm2d(after, 1e-3)

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, '_expand_conv') else x
        y = self._bn2(self._project_conv(F.relu6(self._bn1(self._depthwise_conv(y)))))
        return x + y if self.added else y


class Published(nn.Module):

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32, 1e-3)
        self._blocks = nn.ModuleList(
            Block(before if i == 0 else after, after, expansion, kernel, stride if i == 0 else 1)
            for before, after, expansion, kernel, stride, count in STAGES for i in range(count))
        self._conv_head, self._bn1 = nn.Conv2d(320, 1280, 1, bias=False), nn.BatchNorm2d(1280, 1e-3)
        self._fc = nn.Linear(1280, 2)

    def forward(self, x):
        maps = [F.relu6(self._bn0(self._conv_stem(x)))]
        for block in self._blocks:
            maps.append(block(maps[-1]))
        return F.relu6(self._bn1(self._conv_head(maps[-1]))), maps[11]


@pytest.fixture(scope='module')
def published():
    torch.manual_seed(0)
    network = Published().eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.5, 0.5)
            nn.init.uniform_(layer.running_var, 0.5, 2.)
    return network


@pytest.fixture(scope='module')
def state(published):
    converted, dropped = convert_system('efficientnet-lite0', published.state_dict())
    assert dropped == ['_fc.weight', '_fc.bias']
    return converted


def lite(state, **options):
    torch.manual_seed(1)
    network = MODELS.build(dict(type='mmcabl.LiteCABL', depth=2, **options)).eval()
    lost = network.load_state_dict(state, strict=False)
    assert all(key.startswith(('cls_token', 'token_conv', 'trans')) for key in lost.missing_keys)
    assert {key[:9] for key in lost.unexpected_keys} == {'layers.5.', 'layers.6.'}
    return network


@torch.no_grad()
def test_published_weights_compute_the_same(published, state):
    whole = MODELS.build(dict(type='mmcabl.EfficientNetLite')).eval()
    whole.load_state_dict(state)
    image = torch.randn(2, 3, 97, 65)  # at odd sizes the network's padding is even on both sides, too
    last, fourth = published(image)
    torch.testing.assert_close(whole(image)[0], last)
    torch.testing.assert_close(lite(state, cabl_blocks='none')(image)[0][0], fourth)


@torch.no_grad()
def test_every_stage_ends_in_cabl(state):
    network, plain = lite(state), lite(state, cabl_blocks='none')
    assert network.state_dict().keys() == plain.state_dict().keys()
    layer = MODELS.build(dict(type='mmcabl.CABL'))
    image = torch.randn(1, 3, 64, 80)
    x = plain.layers[0](image)
    for stage in plain.layers[1:]:
        x = layer(stage(x))
    torch.testing.assert_close(network(image)[0][0], x)
    assert not torch.allclose(plain(image)[0][0], x)
    two = lite(state, cabl_blocks='1-2')
    assert two.cabl_blocks == [1, 2] and not torch.allclose(two(image)[0][0], x)


@torch.no_grad()
@pytest.mark.parametrize('blocks', ['none', 'all'])
@pytest.mark.parametrize('shape', [(64, 96), (65, 97), (33, 64)])  # even, odd: padding of another kind
def test_the_folded_copy_computes_the_same(state, shape, blocks):
    network, image = lite(state, cabl_blocks=blocks), torch.randn(2, 3, *shape)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.bias, -0.5, 0.5)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    copy, kept = network.folded(), image.clone()
    assert not any(isinstance(layer, (nn.BatchNorm2d, nn.ReLU6)) for layer in copy.modules())
    for given in (image, image.contiguous(memory_format=torch.channels_last)):
        for one, other in zip(network(image)[0], copy(given)[0]):
            assert (one - other).abs().max() <= 1e-5 * one.abs().max()
    with torch.enable_grad():  # by the plain functions, for those who look at a gradient
        assert torch.allclose(copy(image)[0][1], network(image)[0][1], atol=1e-4)
    assert torch.equal(image, kept)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


@torch.no_grad()
def test_a_localizer_infers_by_the_folded_copy_in_either_type():
    config = Config.fromfile('configs/_base_/models/cabl_lite.py').model
    config.backbone.init_cfg = None
    torch.manual_seed(0)
    model, image = MODELS.build(config).eval(), torch.randn(2, 3, 64, 96)
    copy, backbone = model.inference_backbone(), model.backbone
    assert copy is not backbone
    score, found = model.score_and_map(image)
    model._folded = backbone.cls_token.detach(), backbone  # the plain path
    expected = model.score_and_map(image)
    assert torch.allclose(score, expected[0], atol=1e-6)
    assert (found - expected[1]).abs().max() <= 1e-4 * expected[1].abs().max()
    model.precision = 'bfloat16'
    lower = model.eval().score_and_map(image)
    assert {p.dtype for p in model.inference_backbone().parameters()} == {torch.bfloat16}
    assert torch.allclose(lower[0], expected[0], atol=0.02)
    assert 0 < (lower[1] - expected[1]).abs().max() <= 0.05 * expected[1].abs().max()
    with pytest.raises(ValueError, match="'int8' needs a backbone that folds its batch norms and gains"):
        lowered(backbone.folded(), torch.int8)
    assert torch.equal(model.slim().score_and_map(image)[1], lower[1])


@torch.no_grad()
@pytest.mark.parametrize('shape', [(32, 32), (33, 47), (96, 160)])
def test_shapes_and_attention(state, shape):
    network = lite(state)
    propagator = RunningAverage()
    with propagator.attach(network):
        (x, tokens), = network(torch.randn(2, 3, *shape))
    rows, columns = network.token_grid(shape)
    assert x.shape == (2, 112, rows, columns) and tokens.shape == (2, 1 + rows * columns, 96)
    assert network.covered_shape(shape) == (16 * rows, 16 * columns) and propagator.blocks == 2
    average = propagator.propagate(torch.ones(2, 1, rows, columns))
    assert (average > 0).all() and (average < 1).all()  # rows of A sum to 1, less what the class token has


def test_what_it_refuses():
    for options, said in ((dict(arch='lite9'), "^Unknown arch 'lite9'"),
                          (dict(embed_dims=10), 'num_heads=3 does not'),
                          (dict(out_indices=(2, )), 'accepted is -1'), (dict(cabl_blocks='5'), '5')):
        with pytest.raises(ValueError, match=said):
            MODELS.build(dict(type='mmcabl.LiteCABL', **options))
    with pytest.raises(ValueError, match='given 31 x 64 px'):
        MODELS.build(dict(type='mmcabl.LiteCABL'))(torch.zeros(1, 3, 31, 64))


def test_all_of_it_is_trained():
    config = Config.fromfile('configs/_base_/models/cabl_lite.py').model
    config.backbone.init_cfg = None
    model = MODELS.build(config).train()
    features = model.backbone(torch.randn(2, 3, 48, 48))
    sum(logit.sum() for logit in model.head(features).values()).backward()
    untouched = [name for name, p in model.named_parameters() if p.grad is None]
    assert not untouched
