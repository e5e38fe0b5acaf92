"""Fixed residuals beside the image."""

import pytest
import torch

from mmcabl.models import HighPass
from mmcabl.models.layers.high_pass import HIGH_PASS_KERNELS
from tests.conftest import build_backbone


def test_content_that_a_line_predicts_leaves_nothing():
    ramp = torch.arange(20.)[None, None, None].expand(1, 3, 16, 20) * 0.3 + 2
    out = HighPass()(ramp)
    assert out.shape == (1, 6, 16, 20) and torch.equal(out[:, :3], ramp)
    assert out[:, 3:, :, 2:-2].abs().max() < 1e-4


def test_one_bright_pixel_shows_each_kernel():
    image = torch.zeros(1, 3, 11, 11)
    image[..., 5, 5] = 0.01  # small: tanh is the identity
    found = HighPass(scale=1.)(image)[0, 3:, 3:8, 3:8]
    for residual, (kernel, divisor) in zip(found, HIGH_PASS_KERNELS.values()):
        assert torch.allclose(residual, torch.tensor(kernel) * 0.01 / divisor, atol=1e-5)


def test_residuals_are_bounded_and_scaled():
    image = torch.randn(2, 3, 32, 32)
    out = HighPass(['second'], scale=0.5)(image)
    grey = image.mean(1)
    middle = (grey[:, :, :-2] - 2 * grey[:, :, 1:-1] + grey[:, :, 2:]) / 2
    assert torch.allclose(out[:, 3, :, 1:-1], (middle / 0.5).tanh(), atol=1e-5)
    with pytest.raises(ValueError, match="'sobel'.*square3"):
        HighPass(['sobel'])
    with pytest.raises(ValueError, match='scale=0.*positive'):
        HighPass(scale=0)


def test_the_backbone_takes_them_beside_the_image():
    plain, ours = build_backbone(), build_backbone(high_pass=dict())
    assert {k for k, v in ours.state_dict().items() if v.shape != plain.state_dict()[k].shape} == {'conv1.weight'}
    assert ours.conv1.in_channels == 6
    state = dict(plain.state_dict())
    state['conv1.weight'] = torch.cat([state['conv1.weight'], torch.zeros_like(state['conv1.weight'])], 1)
    ours.load_state_dict(state)
    image = torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        for a, b in zip(plain(image)[-1], ours(image)[-1]):
            assert torch.allclose(a, b, atol=1e-5)
        for a, b in zip(ours(image)[-1], ours.folded()(image.contiguous(memory_format=torch.channels_last))[-1]):
            assert torch.allclose(a, b, atol=1e-3)
