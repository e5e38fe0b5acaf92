"""mmseg's own network and Runner: the refinement hook, test-time augmentation and scoring give one result."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmcabl.apis import Predictor
from mmcabl.checkpoints import load_exactly
from mmcabl.engine.scripts.upstream import upstream_script
from mmcabl.models import RefinedSegmentor
from mmcabl.structures import manipulated_probability
from tests import warm
from tests.conftest import write_casia

pytest.importorskip('mmseg')
CONFIG = Path(__file__).parents[1] / 'configs/rehearsal/fcn_r50-mini_b8-4e_synthetic-160.py'
POST = dict(prompt='box', compare=['null'])


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A small FCN with random weights, a checkpoint of it, eight images."""
    tmp = tmp_path_factory.mktemp('refined')
    write_casia(tmp / 'data', 4, 4, 64)
    (tmp / 'data/CASIA 2.0/Tp/Tp_D_x_00005.png').write_bytes(b'broken')
    init_default_scope('mmseg')
    torch.manual_seed(0)
    runner = Runner.from_cfg(config(tmp))
    for layer in runner.model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
    torch.save(dict(state_dict=runner.model.state_dict()), tmp / 'fcn.pth')
    return tmp


def config(tmp, name='plain', tta=False, **options):
    cfg = Config.fromfile(str(CONFIG))
    cfg.model.backbone.update(base_channels=8, stem_channels=8)
    cfg.model.decode_head.update(in_channels=256, channels=16)
    cfg.model.data_preprocessor.size = None
    steps = [dict(type='mmcabl.LoadForensicImage'), dict(type='mmcabl.GaussianNoise', sigma=5),
             dict(type='mmcabl.KeepPicture')]
    last = [dict(type='mmcabl.LoadForgerySegMap'),
            dict(type='mmcabl.PackForensicSegInputs')]
    flips = [dict(type='mmcv.RandomFlip', prob=p, direction='horizontal') for p in (0., 1.)]
    steps += ([dict(type='TestTimeAug', transforms=[flips, *([step] for step in last)])] if tta
              else [dict(type='mmcv.Resize', scale=(96, 96)), *last])
    cfg.test_dataloader.update(num_workers=0, persistent_workers=False, batch_size=1)
    cfg.test_dataloader.dataset = dict(type='mmcabl.CASIAv2', data_root=str(tmp / 'data'), pipeline=steps,
                                       test_mode=True)
    cfg.default_hooks = dict()
    cfg.update(work_dir=str(tmp / name), visualizer=None, log_level='ERROR', experiment_name=f'{tmp.name}-{name}')
    if (tmp / 'fcn.pth').is_file():
        cfg.load_from = str(tmp / 'fcn.pth')
    if tta:  # as mmseg's test.py --tta
        cfg.tta_model.module = cfg.model
        cfg.model = cfg.tta_model
    cfg.update(options)
    return cfg


def outcome(cfg):
    """The metrics of a test, and its samples by name."""
    found = {}
    runner = Runner.from_cfg(cfg)
    original = runner.call_hook

    def watched(name, **kwargs):
        if name == 'after_test_iter':
            found.update({Path(sample.img_path).stem: sample for sample in kwargs['outputs']})
        return original(name, **kwargs)

    runner.call_hook = watched
    return runner.test(), found, runner


@pytest.fixture(scope='module')
def plain(trained):
    return outcome(config(trained))


@pytest.fixture(scope='module')
def hooked(trained):
    return outcome(config(trained, 'hooked', custom_hooks=[dict(type='mmcabl.CGSRHook', postprocessor=POST)]))


def test_the_hook_changes_masks_and_no_image_score(plain, hooked):
    before, after = plain[0], hooked[0]
    assert after['images'] == before['images'] == 7, 'one of eight is broken'
    assert after['i_auc'] == before['i_auc'] and after['i_ap'] == before['i_ap']
    assert {'p_f1_box', 'p_f1_null'} <= set(after) and after['p_f1'] == after['p_f1_box']
    for name, sample in hooked[1].items():
        np.testing.assert_array_equal(sample.cam_raw, manipulated_probability(plain[1][name].seg_logits.data))
    assert not isinstance(hooked[2].model, RefinedSegmentor)


def test_a_model_configured_as_refined_and_scoring_give_the_hooks_masks(trained, hooked):
    cfg = config(trained, 'wrapped')
    cfg.model = dict(type='mmcabl.RefinedSegmentor', segmentor=cfg.model, postprocessor=POST)
    metrics, samples, runner = outcome(cfg)
    assert metrics == hooked[0]
    load_exactly(runner.model, str(trained / 'fcn.pth'))
    predictor = Predictor(config(trained, custom_hooks=[dict(type='mmcabl.CGSRHook', postprocessor=POST)]),
                          str(trained / 'fcn.pth'), 'cpu')
    assert predictor.fingerprint != Predictor(config(trained), str(trained / 'fcn.pth'), 'cpu').fingerprint
    jobs = [(i, sample.img_path) for i, sample in enumerate(samples.values())]
    for sample, (record, mask, _) in zip(samples.values(), predictor.predict(jobs, predictor.load(jobs))):
        theirs = hooked[1][Path(sample.img_path).stem]
        assert record['unreadable'] == sample.unreadable == (Path(sample.img_path).stem == 'Tp_D_x_00005')
        if not record['unreadable']:
            assert np.array_equal(mask, theirs.pred_mask) and np.array_equal(sample.pred_mask, theirs.pred_mask)
            assert record['score'] == pytest.approx(float(sample.cam_raw.max()), abs=1e-6)


def test_tta_refines_the_mean_of_the_passes_once(trained, monkeypatch):
    metrics, plain, runner = outcome(config(trained, 'tta', tta=True))
    calls = []
    refine = RefinedSegmentor.refine
    monkeypatch.setattr(RefinedSegmentor, 'refine', lambda self, samples: calls.append(
        [s.pixels.shape for s in samples]) or refine(self, samples))
    refined, samples, runner = outcome(config(trained, 'tta-hooked', tta=True, custom_hooks=[
        dict(type='mmcabl.CGSRHook', postprocessor=POST)]))
    assert len(calls) == len(samples) == 8 and [(64, 64, 3)] in calls
    assert refined['i_auc'] == metrics['i_auc'] and refined['images'] == 7
    sample = samples['Tp_D_x_00004']
    network = runner.model.module  # as it was, for an explicit mean of both passes
    data = next(x for x in runner.test_dataloader if 'x_00004' in x['data_samples'][0][0].img_path)
    with torch.no_grad():
        each = [network.test_step({key: value[i] for key, value in data.items()})[0] for i in (0, 1)]
    chance = sum(manipulated_probability(s.seg_logits.data) for s in each) / 2
    np.testing.assert_allclose(sample.cam_raw, chance, atol=1e-6)
    np.testing.assert_allclose(manipulated_probability(plain['Tp_D_x_00004'].seg_logits.data), chance, atol=1e-6)
    assert sample.gt_sem_seg.data[0, 8:30, 10:36].all() and sample.gt_sem_seg.data.sum() == 22 * 26


@pytest.mark.parametrize('hook', [False, True])
def test_upstreams_merge_cannot_be_refined(trained, hook):
    cfg = config(trained, f'upstream-{hook}', tta=True)
    cfg.model.type = 'SegTTAModel'
    if hook:
        cfg.custom_hooks = [dict(type='mmcabl.CGSRHook')]
    else:
        cfg.model.module = dict(type='mmcabl.RefinedSegmentor', segmentor=cfg.model.module)
        cfg.default_hooks = dict(preflight=dict(type='mmcabl.PreflightHook'))
    with pytest.raises(ValueError, match="What SegTTAModel merges.*tta_model=dict\\(type='mmcabl.ForensicTTAModel'"):
        Runner.from_cfg(cfg).test()


def test_tta_of_a_model_configured_as_refined_is_the_hooks(trained):
    hooked = outcome(config(trained, 'tta-hook', tta=True, custom_hooks=[
        dict(type='mmcabl.CGSRHook', postprocessor=POST)]))
    cfg = config(trained, 'tta-wrapped', tta=True)
    cfg.model.module = dict(type='mmcabl.RefinedSegmentor', segmentor=cfg.model.module, postprocessor=POST)
    wrapped = outcome(cfg)
    assert wrapped[0] == hooked[0] and {'p_f1_box', 'p_f1_null'} <= set(wrapped[0])
    for name, sample in hooked[1].items():
        assert sample.unreadable or np.array_equal(sample.pred_mask, wrapped[1][name].pred_mask)


PUBLISHED = CONFIG.parents[1] / 'mixes/fcn-da_r50-d8_sam_b8-30e_casiav2-512.py'


def test_the_published_config_under_mmsegs_own_script(trained, tmp_path):
    """Its three lines, with a small network and without SAM; results have their own folder, by the refinement."""
    (tmp_path / 'config.py').write_text(f"""_base_ = {str(PUBLISHED)!r}
model = dict(
    segmentor=dict(backbone=dict(base_channels=8, stem_channels=8, init_cfg=None),
                   decode_head=dict(in_channels=256, channels=16), auxiliary_head=None,
                   data_preprocessor=dict(size=None)),
    postprocessor=dict(refiner=dict(_delete_=True, type='mmcabl.GrabCutRefiner')))
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(
    _delete_=True, type='mmcabl.CASIAv2', data_root={str(trained / 'data')!r}, test_mode=True,
    pipeline=_base_.test_pipeline))
visualizer = dict(vis_backends=None)
log_level = 'ERROR'
""")
    for prompt in ('box_point', 'null'):
        done = warm.run([sys.executable, upstream_script('mmseg', 'test.py'), tmp_path / 'config.py',
                         trained / 'fcn.pth', '--work-dir', tmp_path / 'work', '--cfg-options',
                         f'model.postprocessor.prompt={prompt}'], env=dict(os.environ), timeout=600)
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
        found = json.loads((tmp_path / 'work/results/summary.json').read_text())
        assert found['images'] == 7 and found['p_f1'] == found[f'p_f1_{prompt}']
    assert len([p for p in (tmp_path / 'work/results').iterdir() if p.is_dir()]) == 2


def test_mmsegs_own_inference_refines(trained, hooked):
    from mmseg.apis import inference_model, init_model
    cfg = config(trained, 'inference')
    steps = cfg.test_dataloader.dataset.pipeline
    cfg.test_pipeline = [step for step in steps if 'SegMap' not in step.type]
    cfg.model = dict(type='mmcabl.RefinedSegmentor', segmentor=cfg.model, postprocessor=POST)
    model = init_model(cfg, str(trained / 'fcn.pth'), device='cpu')
    sample = hooked[1]['Tp_D_x_00004']
    found = inference_model(model, sample.img_path)
    assert np.array_equal(found.pred_sem_seg.data[0], sample.pred_mask)
