"""float16 with a loss scale on the whole network: CABL may not cost a step."""

import pytest
import torch
from mmpretrain.structures import DataSample

from mmcabl.registry import MODELS
from tests.conftest import ARCH


def train_in_float16(blocks):
    """Steps skipped of three, and the final loss scale, of a fresh Conformer of three blocks at 96 px."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = MODELS.build(dict(
        type='mmcabl.WeaklySupervisedLocalizer',
        backbone=dict(type='mmcabl.ConformerCABL', arch=dict(ARCH, depths=3), cabl_blocks=blocks),
        head=dict(type='mmcabl.WeakLabelHead', in_channels=256, embed_dims=48))).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    scaler = torch.amp.GradScaler('cpu')
    images = torch.randn(2, 3, 96, 96)
    images[..., :40] = 0  # flat, as skies are: there the magnitude is exactly 0
    samples = [DataSample().set_gt_label(i) for i in range(2)]
    skipped = 0
    for _ in range(3):
        with torch.autocast('cpu', torch.float16):
            loss = sum(model.loss(images, samples).values())
        optimizer.zero_grad()
        scale = scaler.get_scale()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        skipped += scaler.get_scale() < scale
    return skipped, scaler.get_scale()


@pytest.mark.skipif(not hasattr(torch.amp, 'GradScaler'), reason='this torch has no GradScaler for the CPU (2.3 has)')
def test_a_loss_scale_is_lowered_as_often_with_cabl_as_without():
    assert train_in_float16('all') == train_in_float16('none') == (0, 65536.)
