"""mmpretrain's and mmseg's own inference on our configs: inferencers, inference_model, vis_cam.py, --show-dir."""

import os
import re
import runpy
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from mmcabl.engine.scripts.upstream import upstream_script
from tests.conftest import write_casia

ROOT = Path(__file__).parents[1] / 'configs'


def shrunk(name):
    """A config of ours with a Conformer of a few thousand parameters."""
    cfg = Config.fromfile(str(ROOT / name))
    init_default_scope(cfg.default_scope)
    cfg.model.backbone.update(arch=dict(embed_dims=24, channel_ratio=1, num_heads=2, depths=3), base_channels=8,
                              init_cfg=None)
    cfg.model.head.update(in_channels=32, embed_dims=24)
    cfg.model.update(scales=[32], flip=False)
    cfg.model.postprocessor.refiner = dict(type='mmcabl.GrabCutRefiner')
    return cfg


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / 'picture.jpg'
    cv2.imwrite(str(path), cv2.resize(np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8), (64, 48)))
    return str(path)


def saved(cfg, tmp_path, bias):
    """A checkpoint whose classifiers say "manipulated" (bias > 0) or "authentic"."""
    model = MODELS.build(cfg.model)
    with torch.no_grad():
        for layer in (model.head.conv_cls_head, model.head.trans_cls_head):
            layer.weight.mul_(1e-3)
            layer.bias.fill_(bias)
    meta = dict(dataset_meta=dict(classes=('authentic', 'manipulated'), palette=[[0, 0, 0], [255, 0, 0]]))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), tmp_path / 'model.pth')
    return str(tmp_path / 'model.pth')


@pytest.mark.parametrize('bias, answer', [(2., 'manipulated'), (-2., 'authentic')])
def test_mmpretrains_inferencer(tmp_path, picture, bias, answer):
    from mmpretrain import ImageClassificationInferencer, inference_model
    cfg = shrunk('quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py')
    inferencer = ImageClassificationInferencer(cfg, pretrained=saved(cfg, tmp_path, bias), device='cpu')
    pixels = cv2.imread(picture)
    by_path, by_array = inferencer([picture, pixels], batch_size=2, show_dir=str(tmp_path / 'shown'))
    sure = float(torch.tensor(2.).sigmoid())
    for result in (by_path, by_array, inference_model(inferencer.model, picture)):
        assert result['pred_class'] == answer and result['pred_score'] == pytest.approx(sure, abs=0.01)
        assert np.array_equal(result['pred_scores'], by_path['pred_scores']) and len(result['pred_scores']) == 2
    assert {p.name for p in (tmp_path / 'shown').iterdir()} == {'picture.png', '1.png'}
    sample = inferencer(picture, return_datasamples=True)[0]
    assert sample.cam.shape == sample.pred_mask.shape == (48, 64)


def test_mmsegs_inference_model(tmp_path, picture):
    pytest.importorskip('mmseg')
    from mmseg.apis import inference_model, init_model, show_result_pyplot
    cfg = shrunk('mmseg/cabl-seg_conformer-mini_b8-8e_synthetic-160.py')
    model = init_model(cfg, saved(cfg, tmp_path, 2.), device='cpu')
    first = inference_model(model, picture)
    many = inference_model(model, [picture, picture])
    pixels = cv2.imread(picture)
    found = [first, *many, inference_model(model, pixels)]
    for sample in found:
        assert sample.pred_sem_seg.data.shape == (1, 48, 64)
        assert torch.equal(sample.pred_sem_seg.data, first.pred_sem_seg.data)
        assert np.array_equal(sample.cam, first.cam)
    drawn = show_result_pyplot(model, picture, first, show=False, draw_gt=False, out_file=str(tmp_path / 'drawn.png'))
    assert drawn.shape == (48, 64, 3) and (tmp_path / 'drawn.png').is_file()


def test_gradients_of_the_logits_reach_every_block(tmp_path, picture):
    """What vis_cam.py does, without grad-cam."""
    from mmengine.dataset import Compose, default_collate
    from mmpretrain import get_model
    cfg = shrunk('quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py')
    model = get_model(cfg, saved(cfg, tmp_path, 2.), device='cpu')
    data = Compose(cfg.test_dataloader.dataset.pipeline)({'img_path': picture})
    inputs = model.data_preprocessor(default_collate([data]), False)['inputs']
    kept = []
    model.backbone.conv_trans_2.cnn_block.bn3.register_forward_hook(lambda module, args, out: kept.append(out))
    logits = model(inputs)
    assert inputs.shape == (1, 3, 48, 64) and logits.shape == (1, 1)
    assert logits.item() == pytest.approx(2, abs=0.1)  # the mean of both branches, whose biases are 2
    assert torch.autograd.grad(logits[0, 0], kept)[0].abs().sum() > 0


def run_script(monkeypatch, script, *arguments):
    monkeypatch.setattr(sys, 'argv', [script, *arguments])
    package = 'mmseg' if script.startswith('mmseg/') else 'mmpretrain'
    runpy.run_path(str(upstream_script(package, script.split('/', 1)[-1])), run_name='__main__')


def test_vis_cam(monkeypatch, tmp_path, picture):
    pytest.importorskip('pytorch_grad_cam', reason='grad-cam is not installed')
    cfg = shrunk('quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py')
    checkpoint = saved(cfg, tmp_path, 2.)
    cfg.dump(str(tmp_path / 'config.py'))
    run_script(monkeypatch, 'mmpretrain/visualization/vis_cam.py', picture, str(tmp_path / 'config.py'), checkpoint,
               '--target-layers', 'backbone.conv_trans_2.cnn_block.bn3', '--save-path', str(tmp_path / 'cam.png'))
    assert cv2.imread(str(tmp_path / 'cam.png')).shape == (48, 64, 3)


@pytest.mark.parametrize('toolbox, name', [
    ('mmpretrain', 'quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'),
    ('mmseg', 'mmseg/cabl-seg_conformer-mini_b8-8e_synthetic-160.py')])
def test_show_dir(monkeypatch, tmp_path, toolbox, name):
    pytest.importorskip(toolbox)
    cfg = shrunk(name)
    checkpoint = saved(cfg, tmp_path, 2.)
    root = write_casia(tmp_path / 'set', authentic=1, forged=1)
    folder = os.fsencode(root / 'CASIA 2.0/Au')
    for name in (b'Au_caf\xe9.jpg', b'Au_' + b'n' * 248 + b'.jpg'):  # OpenCV's own writer crashes, or loses it
        shutil.copy(folder + b'/Au_ani_00000.jpg', folder + b'/' + name)
    (root / 'CASIA 2.0/Au/Au_zero.jpg').touch()  # an image that cannot be read ends nothing
    cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
    cfg.test_dataloader.dataset.data_root = str(root)
    cfg.work_dir, cfg.log_level, cfg.experiment_name = str(tmp_path / 'work'), 'ERROR', str(tmp_path.name)
    cfg.dump(str(tmp_path / 'config.py'))
    extra = ('--interval', '1') if toolbox == 'mmpretrain' else ()
    run_script(monkeypatch, f'{toolbox}/test.py', str(tmp_path / 'config.py'), checkpoint, '--show-dir',
               str(tmp_path / 'shown'), *extra)
    shown = [p for p in (tmp_path / 'shown').rglob('*.png')]
    assert {'Au_ani', 'Tp_D_x', 'Au_caf_', f'Au_{"n" * 97}'} <= {re.sub(r'^test_|_0000.*|-[0-9a-f]{12}.*', '', p.name)
                                                                for p in shown}
    assert all(cv2.imread(str(p)).std() > 0 for p in shown)
