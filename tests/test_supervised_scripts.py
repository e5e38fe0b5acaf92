"""MVSS-Net and CAT-Net from their configs: the unmodified test.py, the training pipelines, the converter."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS
from mmengine.runner import Runner

from mmcabl.conversion.rules import Conversion
from mmcabl.conversion.table1 import CONVERSIONS
from mmcabl.registry import MODELS
from tests import warm
from tests.conftest import write_casia

ROOT = Path(__file__).parents[1]
CONFIGS = {'mvss-net': 'mvss-net_r50_b8-50e_casiav2-512.py', 'cat-net': 'cat-net_hrnet-w48_b22-200e_casiav2-512.py'}
RESNET = dict(base_channels=4, stem_channels=8, init_cfg=None)
#: The networks of the configs, narrow.
NARROW = {
    'mvss-net': dict(backbone=RESNET, noise_backbone=RESNET, edge_head=dict(in_channels=(16, 32, 64, 128)),
                     mask_head=dict(in_channels=256)),
    'cat-net': dict(
        backbone=dict(init_cfg=None, extra={
            f'stage{n}': dict(num_modules=1, num_branches=n, block='BASIC' if n > 1 else 'BOTTLENECK',
                              num_blocks=(1, ) * n, num_channels=(4, 8, 16, 32)[:n]) for n in (1, 2, 3, 4)}),
        dct_stream=dict(channels=(8, 16, 32), modules=(1, 1), blocks=1),
        head=dict(in_channels=(4, 16, 32, 64), channels=(4, 4, 8, 8), blocks=1))}


@pytest.fixture(params=CONFIGS)
def narrow(request, tmp_path):
    """A system's config with a narrow network, a small data set, no workers."""
    if request.param == 'cat-net':
        pytest.importorskip('jpeglib')
    write_casia(tmp_path / 'data', authentic=3, forged=3)
    folder = tmp_path / 'data/CASIA 2.0/Au'
    cv2.imwrite(str(folder / 'Au_ani_90000.jpg'), np.full((40, 60), 90, np.uint8))  # grey
    whole = (folder / 'Au_ani_00000.jpg').read_bytes()
    at = whole.index(b'\xff\xdb') + 5
    (folder / 'Au_ani_91000.jpg').write_bytes(whole[:at] + bytes(64) + whole[at + 64:])  # a table of zeros
    (folder / 'Au_ani_92000.jpg').write_bytes(whole[:len(whole) // 2])
    path = tmp_path / 'cfg.py'
    path.write_text(
        f"_base_ = '{ROOT / 'configs/table1' / CONFIGS[request.param]}'\nmodel = {NARROW[request.param]}\n"
        f"train_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False, "
        f"dataset=dict(data_root='{tmp_path / 'data'}'))\n"
        f"test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(_delete_=True, "
        f"type='mmcabl.CASIAv2', data_root='{tmp_path / 'data'}', pipeline={{{{_base_.test_pipeline}}}}, "
        'test_mode=True))\n')
    return request.param, path


def test_the_unmodified_test_script(narrow, tmp_path):
    system, path = narrow
    model = MODELS.build(Config.fromfile(str(path)).model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), tmp_path / 'model.pth')
    done = warm.run([sys.executable, str(ROOT / 'tools/test.py'), str(path), str(tmp_path / 'model.pth'),
                     '--work-dir', str(tmp_path / 'work')], timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(next((tmp_path / 'work').rglob('summary.json')).read_text())
    assert 'p_f1' in json.dumps(found) and 'i_auc' in json.dumps(found)
    said = done.stdout + done.stderr
    assert 'Au_ani_92000.jpg is truncated' in said
    assert ('quantisation table has zeros' in said) == (system == 'cat-net')


def test_the_training_pipeline_feeds_the_model(narrow):
    _, path = narrow
    cfg = Config.fromfile(str(path))
    with DATASETS.switch_scope_and_registry('mmpretrain'):
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    batch = next(iter(loader))
    assert batch['inputs'].shape == (2, 3, 512, 512)
    losses = model(**model.data_preprocessor(batch, training=True), mode='loss')
    assert losses and all(torch.isfinite(value) for value in losses.values())


def test_a_published_checkpoint_is_converted_and_reported_on(tmp_path, shared, monkeypatch, capsys):
    """A file nested as CAT-Net's, with a few of its names, for a model without parameters in place of the whole."""
    script = runpy.run_path(str(ROOT / 'tools/model_converters/table1_to_mmcabl.py'))
    whole = CONVERSIONS['cat-net']
    monkeypatch.setitem(CONVERSIONS, 'cat-net', Conversion(dict(type='mmcabl.DCTVolume'), whole.rename))
    entries = json.loads((shared / 'table1/cat_net_keys.json').read_text())
    state = {name: torch.zeros(shape) for name, shape, _ in entries if name.startswith('dc_layer0_dil')}
    torch.save(dict(epoch=3, best_p_mIoU=np.float64(0.5), state_dict=state, optimizer={}), tmp_path / 'in.pth.tar')
    script['convert'](script['parse_args'](['cat-net', str(tmp_path / 'in.pth.tar'), str(tmp_path / 'out.pth')]))
    said = capsys.readouterr().out
    assert 'cat-net checkpoint with 7 keys' in said and 'unused: 7' in said and 'dct_stream.stem.0.weight' in said
