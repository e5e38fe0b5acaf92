"""Every config builds offline, and says what the paper says."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS, init_default_scope

from mmcabl.utils.data_configs import opened

ROOT = Path(__file__).parents[1] / 'configs'
#: The fully supervised references; all others never see a mask in training.
SUPERVISED = ('EncoderDecoder', 'mmcabl.CATNet', 'mmcabl.GSRNet', 'mmcabl.MVSSNet', 'mmcabl.ManTraNet')
LEAVES = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.rglob('*.py') if '_base_' not in p.parts)


def opened_sets(dataset):
    dataset = opened(dataset)
    return [ConfigDict(each) for each in dataset.get('datasets', [dataset])]


def sets_of(cfg):
    return opened_sets(cfg.test_dataloader.dataset)


def trained_on(cfg):
    """The training sets, none for systems that learn nothing."""
    return opened_sets(cfg.train_dataloader.dataset) if cfg.train_dataloader else []


def load(name):
    """A config, its toolbox's scope set; skips mmseg's where mmsegmentation is not installed."""
    text = (ROOT / name).read_text()
    if 'mmseg' in name or '/fcn' in name or 'mmseg' in text:
        pytest.importorskip('mmseg')
    if 'LoadDCT' in Config.fromfile(str(ROOT / name), import_custom_modules=False).pretty_text:
        pytest.importorskip('jpeglib')
    cfg = Config.fromfile(str(ROOT / name))
    init_default_scope(cfg.default_scope)
    return cfg


@pytest.mark.parametrize('name', LEAVES)
def test_builds_offline(name):
    cfg = load(name)
    network = cfg.model.get('segmentor', cfg.model)
    if network.get('backbone', {}).get('init_cfg'):
        network.backbone.init_cfg.checkpoint = 'not/read/when/building.pth'
    model = MODELS.build(cfg.model)
    if hasattr(model, 'postprocessor'):
        # Table VI's in one run; the sweeps of Fig. 5, the systems of Table I and the small networks of Tables III to
        # V and of other maps need one mask alone
        alone = ('perturbed' in name or name.startswith('table1') or ('part-96' in name and 'cabl_' not in name)
                 or 'cabl-united' in name or 'cabl-full' in name)
        wanted = {'null'} if alone else {'null', 'point', 'box', 'box_point'}
        assert set(model.postprocessor.kinds) >= wanted
    for dataset in (*trained_on(cfg), *sets_of(cfg)):
        with DATASETS.switch_scope_and_registry(cfg.default_scope) as registry:
            registry.build(dict(dataset, lazy_init=True))
        for step in dataset.pipeline:
            with TRANSFORMS.switch_scope_and_registry(cfg.default_scope) as registry:
                registry.build(dict(step))
    for metric in cfg.test_evaluator:
        METRICS.build(dict(metric))
    for hook in (cfg.default_hooks.overlays, *cfg.get('custom_hooks', [])):
        HOOKS.build(dict(hook))


@pytest.mark.parametrize('name', LEAVES)
def test_nothing_is_trusted_or_lost_under_any_config(name):
    """What guards a run is in each of them: upstream's scripts have it from nowhere else."""
    cfg = Config.fromfile(str(ROOT / name), import_custom_modules=False)
    assert 'mmcabl.checkpoints.mmengine_loader' in cfg.custom_imports.imports and cfg.trust_checkpoints is False
    assert {f'mmcabl.{hook}' for hook in ('PreflightHook', 'AtomicCheckpointHook', 'CheckedWeightsHook',
                                          'WorkerGuardHook')} <= {hook.type for hook in cfg.default_hooks.values()}


def test_names_are_unique():
    """mim finds a config by its name, wherever it lies."""
    names = [Path(name).name for name in LEAVES]
    assert sorted(names) == sorted(set(names))


def test_the_recipe_is_the_papers():
    cfg = Config.fromfile(str(ROOT / 'cabl/cabl_conformer-s_b8-30e_casiav2-512.py'))
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr, optimizer.weight_decay) == ('AdamW', 5e-5, 5e-4)
    assert (cfg.train_cfg.max_epochs, cfg.train_dataloader.batch_size) == (30, 8)
    named = [(d.type, d.get('name')) for d in sets_of(cfg)]  # CASIA v1 once more, saved again
    assert named == [('mmcabl.CASIAv1', None), ('mmcabl.CASIAv1', 'CASIAv1-q90'),
                     *((f'mmcabl.{name}', None) for name in ('Columbia', 'COVERAGE', 'IMD2020'))]
    assert list(cfg.model.scales) == [256, 512, 768] and cfg.model.backbone.arch == 'small'
    assert cfg.model.backbone.cabl_blocks == '1-12' and cfg.model.backbone.cabl.operator == 'sobel'
    assert cfg.model.postprocessor.refiner.model == 'vit_h' and cfg.model.postprocessor.prompt == 'box_point'


def test_the_baseline_differs_in_cabl_alone():
    ours, baseline = (Config.fromfile(str(ROOT / f'cabl/{name}conformer-s_b8-30e_casiav2-512.py')).to_dict()
                      for name in ('cabl_', ''))
    assert baseline['model']['backbone'].pop('cabl_blocks') == 'none'
    ours['model']['backbone'].pop('cabl_blocks')
    assert ours == baseline


@pytest.mark.parametrize('name', LEAVES)
def test_training_pipelines_never_open_a_mask(name):
    cfg = Config.fromfile(str(ROOT / name), import_custom_modules=False)
    opens = any('Mask' in step.type or 'SegMap' in step.type for data in trained_on(cfg) for step in data.pipeline)
    network = cfg.model.get('segmentor', cfg.model)
    assert opens == (network.type in SUPERVISED)


@pytest.mark.parametrize('shape', [(1, 1), (31, 700), (300, 200), (1200, 40)])
def test_the_papers_pipelines_take_any_image(tmp_path, shape):
    cfg = Config.fromfile(str(ROOT / 'cabl/cabl_conformer-s_b8-30e_casiav2-512.py'))
    path = tmp_path / 'odd.png'
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 65536, shape, np.uint16))
    for dataset, size in ((cfg.train_dataloader.dataset, (512, 512)), (sets_of(cfg)[0], shape)):
        with TRANSFORMS.switch_scope_and_registry('mmpretrain') as registry:
            steps = [registry.build(dict(step)) for step in dataset.pipeline]
        results = dict(img_path=str(path), gt_label=0, gt_mask_path=None, sample_idx=0)
        for step in steps:
            results = step(results)
        assert results['inputs'].shape == (3, *size) and results['inputs'].dtype == torch.uint8
    assert results['data_samples'].gt_mask.shape == shape and results['data_samples'].ori_shape == shape
