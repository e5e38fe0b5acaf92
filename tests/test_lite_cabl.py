"""LiteCABL against a plain-torch network by the published names, and against its own stages."""

import pytest
import torch
from mmengine.config import Config
from torch import nn
from torch.nn import functional as F

from mmcabl.conversion.table1 import convert_system
from mmcabl.models.localizers.attention import RunningAverage
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
