"""Models and batches that ``gpu.py`` and ``memory.py`` measure."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Tuple
from unittest.mock import patch

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode

from mmcabl.models.layers.edge import _kernels
from mmcabl.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
#: Table I's systems that compute on a GPU; CFA1 and NOII are NumPy on the CPU.
SYSTEMS = ('mil-fcn_r50_b36-60e_casiav2-224', 'mil-fcn-wscl_r50_b36-60e_casiav2-224',
           'stage-net_r50_b16-20e_casiav2-448', 'stage-net-wscl_r50_b36-60e_casiav2-224',
           'mvss-net_r50_b8-50e_casiav2-512', 'cat-net_hrnet-w48_b22-200e_casiav2-512',
           'gsr-net_vgg16_b4-19e_casiav2-300', 'mantra-net_b8-30e_casiav2-256')


@contextmanager
def fake_mode() -> Iterator[FakeTensorMode]:
    """A mode for fake tensors; CABL's kernels, which are kept from call to call, do not leave or enter it.

    Autocast to a fake GPU's half types is on, which torch would turn off, with a warning, where there is no GPU.
    """
    _kernels.cache_clear()
    try:
        with patch('torch.cuda.amp.common.amp_definitely_not_available', lambda: False), \
                patch('torch.cuda.is_bf16_supported', lambda *_: True):
            yield FakeTensorMode()
    finally:
        _kernels.cache_clear()


def localizer(tiny: bool, blocks: str = 'all', recompute: Any = None) -> nn.Module:
    """Conformer-S (or one of three blocks) with CABL in ``blocks``, random weights."""
    init_default_scope('mmpretrain')
    arch = dict(embed_dims=48, channel_ratio=1, num_heads=3, depths=3) if tiny else 'small'
    model = MODELS.build(dict(
        type='mmcabl.WeaklySupervisedLocalizer', scales=[32, 64] if tiny else [256, 512, 768],
        backbone=dict(type='mmcabl.ConformerCABL', arch=arch, cabl_blocks=blocks),
        head=dict(type='mmcabl.WeakLabelHead', embed_dims=48 if tiny else 384, in_channels=256 if tiny else 1024)))
    for module in model.modules():
        if hasattr(module, 'recompute'):
            module.recompute = recompute
    return model


def lowered(tiny: bool, precision: str) -> nn.Module:
    """The copy of that network that a localizer infers with."""
    model = localizer(tiny).eval()
    model.precision = precision
    return model.inference_backbone()


def detector(name: str) -> nn.Module:
    """A system of Table I, random weights."""
    init_default_scope('mmpretrain')
    return MODELS.build(without_files(Config.fromfile(str(CONFIGS / f'table1/{name}.py')).model.to_dict()))


def without_files(node: Any) -> Any:
    """A model's config that loads no weights."""
    if isinstance(node, dict):
        return {key: without_files(value) for key, value in node.items() if key not in ('init_cfg', 'pretrained')}
    return [without_files(value) for value in node] if isinstance(node, (list, tuple)) else node


def sam(tiny: bool) -> nn.Module:
    """segment-anything's ViT-B, or two narrow blocks of it."""
    from segment_anything import sam_model_registry
    from segment_anything.build_sam import _build_sam
    return _build_sam(24, 2, 2, [1]) if tiny else sam_model_registry['vit_b']()


def samples(count: int, size: int, device: str) -> list:
    """Of a training batch: label (as a score, which no loss has to look at), mask, JPEG coefficients."""
    found = []
    for i in range(count):
        sample = DataSample().set_gt_score(torch.full((1,), float(i % 2), device=device))
        sample.set_metainfo(dict(img_path='a.jpg', ori_shape=(size, size), img_shape=(size, size)))
        truth = torch.zeros(size, size, dtype=torch.long, device=device)
        truth[:size // 2] = i % 2
        for key, value in (('gt_seg_map', truth),
                           ('dct', torch.ones(size, size, dtype=torch.long, device=device)),
                           ('qtable', torch.ones(8, 8, dtype=torch.long, device=device))):
            sample.set_field(value, key)
        found.append(sample)
    return found


def loss_of(model: nn.Module, images: Tensor, batch: list, dtype: torch.dtype) -> Tensor:
    """Sum of a batch's losses under autocast to ``dtype`` (float32: none)."""
    half = dtype != torch.float32
    with torch.autocast(images.device.type, dtype=dtype if half else torch.bfloat16, enabled=half):
        losses: Dict[str, Tensor] = model.loss(images, batch)
    return sum(value for key, value in losses.items() if 'loss' in key)


def training(model: nn.Module, size: int, batch: int, device: str, dtype: torch.dtype, scaler: Any = None,
             ) -> Tuple[Callable[[], Tensor], torch.optim.Optimizer]:
    """A training step with AdamW, where ``scaler`` is given with its loss scale; and the optimizer."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=5e-4)
    images, truth = torch.randn(batch, 3, size, size, device=device), samples(batch, size, device)

    def step() -> Tensor:
        loss = loss_of(model, images, truth, dtype)
        optimizer.zero_grad()
        if scaler is None:
            loss.backward()
            optimizer.step()
        else:
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        return loss

    return step, optimizer
