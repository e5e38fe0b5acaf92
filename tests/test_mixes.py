"""Ten mixes of CABL, the weak-label head and ConformerCABL with the toolboxes' models, trained and tested."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner

from mmcabl.models.layers.cabl import CABL
from tests.conftest import write_casia

ROOT = Path(__file__).parents[1] / 'configs'
CLASSES = dict(num_classes=2, channels=16, norm_cfg=dict(type='BN'), align_corners=False)
PYRAMID = dict(in_index=[0, 1, 2, 3])
RESNET = {'backbone.base_channels': 8, 'backbone.stem_channels': 8, 'backbone.init_cfg': None}
CONFORMER = dict(embed_dims=48, channel_ratio=1, num_heads=3, depths=6)
#: Three heads for the maps of a small ResNet (32, 64, 128, 256 channels) and for those of a small ConformerCABL.
RESNET_HEADS = {
    'fcn': dict(type='FCNHead', in_channels=256, in_index=3, num_convs=1, **CLASSES),
    'aspp': dict(type='ASPPHead', in_channels=256, in_index=3, dilations=(1, 6), **CLASSES),
    'uper': dict(type='UPerHead', in_channels=[32, 64, 128, 256], **PYRAMID, pool_scales=(1, 2), **CLASSES)}
CONFORMER_HEADS = {
    'fcn': dict(type='FCNHead', in_channels=256, in_index=3, num_convs=1, **CLASSES),
    'segformer': dict(type='SegformerHead', in_channels=[64, 128, 256, 256], **PYRAMID, **CLASSES),
    'uper': dict(type='UPerHead', in_channels=[64, 128, 256, 256], **PYRAMID, pool_scales=(1, 2), **CLASSES)}
#: The published networks, shrunk for the test.
BACKBONES = {
    'resnet50': ({'backbone.base_channels': 8, 'backbone.stem_channels': 8, 'backbone.init_cfg': None}, 256, None),
    'swin-tiny': ({'backbone.arch': dict(embed_dims=12, depths=[1, 1, 1, 1], num_heads=[1, 2, 3, 4]),
                   'backbone.img_size': 64, 'backbone.drop_path_rate': 0.}, 96, None),
    'vit-base': ({'backbone.arch': dict(embed_dims=48, num_layers=2, num_heads=3, feedforward_channels=96),
                  'backbone.img_size': 64, 'backbone.drop_path_rate': 0.}, None, 48),
    'convnext-tiny': ({'backbone.arch': dict(depths=[1, 1, 1, 1], channels=[8, 16, 32, 64]),
                       'backbone.drop_path_rate': 0.}, 64, None)}


def load(config, **options):
    cfg = Config.fromfile(str(ROOT / f'mixes/{config}.py'))
    for key, value in options.items():  # dicts replace what was there
        part, name = key.split('.')
        cfg.model[part][name] = value
    return cfg


def plugged(head):
    pytest.importorskip('mmseg')
    cfg = load('fcn_r50-d8-cabl_b8-30e_casiav2-512', **RESNET)
    cfg.model.decode_head = RESNET_HEADS[head]
    cfg.model.data_preprocessor.size = (64, 64)
    return cfg


def decoded(head):
    pytest.importorskip('mmseg')
    cfg = load('fcn_cabl-conformer-s_b8-30e_casiav2-512', **{'backbone.drop_path_rate': 0.})
    cfg.model.backbone.update(arch=CONFORMER, out_indices=(2, 4, 5, 6))
    cfg.model.decode_head = CONFORMER_HEADS[head]
    cfg.model.data_preprocessor.size = (64, 64)
    return cfg


def weak(name):
    options, channels, dims = BACKBONES[name]
    cfg = load(f'weak_{name}_b8-30e_casiav2-512', **options)
    cfg.model.head.update(in_channels=channels, embed_dims=dims)
    cfg.model.update(scales=[64, 96])
    cfg.model.postprocessor.refiner = dict(type='mmcabl.GrabCutRefiner')
    return cfg


MIXES = {**{f'cabl-plugin-{h}': (plugged, h) for h in RESNET_HEADS}, **{f'weak-{b}': (weak, b) for b in BACKBONES},
         **{f'cabl-conformer-{h}': (decoded, h) for h in CONFORMER_HEADS}}


def small(cfg, data, tmp_path):
    """The config at 64 px on 8 images of one kind, 10 epochs of one batch."""
    loader = cfg.train_dataloader
    loader.update(batch_size=8, num_workers=0, persistent_workers=False)
    cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
    keep = [s for s in loader.dataset.pipeline if s.type.split('.')[-1] in (
        'LoadForensicImage', 'LoadForgerySegMap', 'PackForensicInputs', 'PackForensicSegInputs')]
    loader.dataset.update(data_root=str(data), pipeline=keep)
    test = [s for s in cfg.test_dataloader.dataset.pipeline if s.type != 'mmcv.Resize']
    cfg.test_dataloader.dataset = dict(type='mmcabl.CASIAv2', data_root=str(data), pipeline=test, test_mode=True)
    cfg.train_cfg = dict(by_epoch=True, max_epochs=10)
    cfg.optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3))
    cfg.default_hooks.update(checkpoint=None, overlays=dict(type='mmcabl.LocalizationOverlayHook', max_images=0),
                             logger=dict(type='LoggerHook', interval=100))
    cfg.work_dir, cfg.visualizer, cfg.log_level = str(tmp_path), None, 'ERROR'
    cfg.randomness = dict(seed=0)
    return cfg


@pytest.mark.parametrize('name', list(MIXES))
def test_a_mix_trains_and_tests(name, tmp_path):
    make, part = MIXES[name]
    cfg = small(make(part), write_casia(tmp_path / 'data', 4, 4, 64), tmp_path / 'work')
    init_default_scope(cfg.default_scope)
    cfg.experiment_name = f'{name}-{tmp_path.name}'
    runner = Runner.from_cfg(cfg)
    losses, reached = [], set()
    for parameter_name, parameter in runner.model.named_parameters():
        if parameter.requires_grad:
            parameter.register_hook(lambda grad, n=parameter_name: reached.add(n) if grad.any() else None)
    step = runner.model.train_step

    def watched(data, optim_wrapper):
        found = step(data, optim_wrapper)
        losses.append(float(found['loss']))
        return found

    runner.model.train_step = watched
    runner.train()
    assert len(losses) == 10 and np.isfinite(losses).all() and np.mean(losses[-2:]) < np.mean(losses[:2]), losses
    assert {n for n, p in runner.model.named_parameters() if p.requires_grad} == reached
    layers = [m for m in runner.model.modules() if isinstance(m, CABL)]
    assert bool(layers) == ('cabl' in name) and not any(list(m.state_dict()) for m in layers)
    metrics = runner.test()
    assert metrics['images'] == 8 and metrics['masks'] == 4
    assert 0 <= metrics['i_auc'] <= 1 and 0 <= metrics['p_f1'] <= 1


def test_the_plugin_is_cabl_after_every_bottleneck():
    init_default_scope('mmseg')
    backbone = plugged('fcn').model.backbone
    with_cabl = MODELS.build(backbone)
    without = MODELS.build({k: v for k, v in backbone.items() if k != 'plugins'})
    assert sum(isinstance(m, CABL) for m in with_cabl.modules()) == 3 + 4 + 6 + 3
    assert with_cabl.state_dict().keys() == without.state_dict().keys()
    without.load_state_dict(with_cabl.state_dict())
    x = torch.randn(1, 3, 64, 64)
    for network in (with_cabl, without):
        network.eval()  # mmseg's returns None
    assert not torch.allclose(with_cabl(x)[-1], without(x)[-1])


def test_conformer_cabl_in_a_plain_classifier():
    init_default_scope('mmpretrain')
    cfg = load('cabl_conformer-s-cls_b8-30e_casiav2-512')
    cfg.model.backbone.update(arch=CONFORMER, drop_path_rate=0.)
    cfg.model.head.in_channels = [256, 48]
    model = MODELS.build(cfg.model)
    from mmpretrain.structures import DataSample
    samples = [DataSample().set_gt_label(i) for i in (0, 1)]
    losses = model.loss(torch.randn(2, 3, 64, 64), samples)
    sum(v for v in losses.values()).backward()
    assert all(p.grad is not None for p in model.parameters())
    model.eval()
    assert model.predict(torch.randn(2, 3, 64, 64))[0].pred_score.shape == (2,)
