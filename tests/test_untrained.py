"""Systems without weights: any image, the checkpoint that stands for none, the unmodified test.py."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmcabl.checkpoints import read_checkpoint
from mmcabl.checkpoints.matching import load_exactly
from mmcabl.engine.scripts.upstream import upstream_script
from mmcabl.registry import MODELS
from tests.conftest import write_casia
from tests.test_distributed import launch
from tests.untrained import batch_of, noise

CONFIGS = Path(__file__).parents[1] / 'configs/table1'
NO_WEIGHTS = CONFIGS / 'untrained.safetensors'
SYSTEMS = ('NOII', 'CFA1')


def build(system, **kwargs):
    return MODELS.build(dict(type=f'mmcabl.{system}', **kwargs))


IMAGES = dict(pixel=noise((1, 1), 30), column=noise((50, 1), 30), row=noise((1, 9), 30), tiny=noise((3, 2), 30),
              odd=noise((131, 151), 30), block=noise((8, 8), 30), black=np.zeros((64, 48, 3), np.uint8),
              white=np.full((33, 64, 3), 255, np.uint8), board=np.kron(np.indices((40, 40)).sum(0) % 2,
                                                                       np.full((1, 1), 255))[..., None].repeat(3, 2),
              ramp=np.indices((64, 64))[1][..., None].repeat(3, 2), saturated=noise((64, 80), 300),
              drawing=np.where(np.indices((96, 96))[0] // 20 % 2, 200, 30)[..., None].repeat(3, 2))


@pytest.mark.parametrize('system', SYSTEMS)
@pytest.mark.parametrize('name', IMAGES)
@pytest.mark.filterwarnings('error::RuntimeWarning')
def test_any_image_has_a_map_and_a_score(system, name):
    rgb = IMAGES[name].astype(np.uint8)
    found = build(system).test_step(batch_of(rgb))[0]
    assert found.cam.shape == found.pred_mask.shape == rgb.shape[:2]
    assert np.isfinite(found.cam).all() and 0 <= found.cam.min() <= found.cam.max() <= 1
    assert 0 <= float(found.pred_score[1]) <= 1
    if name in ('pixel', 'black', 'white'):
        assert not found.cam.any() and float(found.pred_score[1]) == 0


@pytest.mark.parametrize('system', SYSTEMS)
def test_what_is_no_grey_level_becomes_one(system):
    model, clean = build(system), noise((64, 64), 20).astype(np.float32)
    wild = clean.copy()
    wild[0, 0], wild[5, 5], wild[9, 9], wild[20, 20] = np.nan, np.inf, -np.inf, 1e30
    clean[0, 0], clean[5, 5], clean[9, 9], clean[20, 20] = 0, 255, 0, 255
    found, expected = (model([torch.from_numpy(x).permute(2, 0, 1)]) for x in (wild, clean))
    assert torch.equal(found[0], expected[0]) and torch.equal(found[1][0], expected[1][0])


@pytest.mark.parametrize('system', SYSTEMS)
def test_another_normalisation_is_undone(system):
    rgb = noise((64, 64), 20)
    statistics = dict(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
    one, other = (build(system, data_preprocessor=p).test_step(batch_of(rgb))[0] for p in (None, statistics))
    assert (one.cam == other.cam).all()


@pytest.mark.parametrize('system', SYSTEMS)
def test_the_checkpoint_is_one_number_that_nothing_reads(system, tmp_path):
    state = read_checkpoint(NO_WEIGHTS)['state_dict']
    model = build(system)
    assert {k: v.tolist() for k, v in state.items()} == {'placeholder': [0.]}
    assert {k: v.tolist() for k, v in model.state_dict().items()} == {'placeholder': [0.]}
    before = model.test_step(batch_of(noise((64, 64), 20)))[0]
    torch.save({'state_dict': {'placeholder': torch.ones(1)}}, tmp_path / 'other.pth')
    load_exactly(model, str(tmp_path / 'other.pth'))
    assert (model.test_step(batch_of(noise((64, 64), 20)))[0].cam == before.cam).all()


def test_nothing_else_takes_it_and_they_take_nothing_else(tmp_path):
    with pytest.raises(ValueError, match='is not a checkpoint of this model'):
        load_exactly(torch.nn.Linear(2, 2), str(NO_WEIGHTS))
    torch.save({'state_dict': torch.nn.Linear(2, 2).state_dict()}, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match='is not a checkpoint of this model'):
        load_exactly(build('NOII'), str(tmp_path / 'weights.pth'))


def run_test_script(system, folder, work, processes=1):
    """Metrics and records by image of the unmodified test.py on eight images in ``folder``."""
    (folder / 'here.py').write_text(
        f"_base_ = [{str(CONFIGS / f'{system.lower()}_protocol-512.py')!r}]\n"
        f"test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(_delete_=True, "
        f"type='mmcabl.CASIAv2', data_root={str(folder / 'set')!r}, pipeline={{{{_base_.test_pipeline}}}}, "
        "test_mode=True))\n")
    launch(upstream_script('mmpretrain', 'test.py'), folder / 'here.py', NO_WEIGHTS, '--work-dir', folder / work,
           '--out', folder / f'{work}.json', '--out-item', 'metrics',
           *(['--launcher', 'pytorch'] if processes > 1 else []), processes=processes)
    records = [json.loads(line) for path in (folder / work).rglob('images.*.jsonl')
               for line in path.read_text().splitlines()]
    return json.loads((folder / f'{work}.json').read_text()), {record['image']: record for record in records}


@pytest.mark.parametrize('system', SYSTEMS)
def test_the_unmodified_test_script(system, tmp_path):
    write_casia(tmp_path / 'set', size=64)
    metrics, records = run_test_script(system, tmp_path, 'one')
    assert metrics['images'] == 8 and metrics['masks'] == 4
    assert {'i_auc', 'p_f1', 'p_f1_best_fixed', 'threshold', 'p_f1_all_ones'} <= metrics.keys()
    assert metrics['p_f1_best_fixed'] >= metrics['p_f1'] - 0.02  # thresholds of the curve are hundredths
    assert len(records) == 8 and all(('note' in record) == (system == 'CFA1') for record in records.values())


def test_two_processes_find_what_one_finds(tmp_path):
    """torch's DDP refuses a model without parameters."""
    write_casia(tmp_path / 'set', size=64)
    assert run_test_script('CFA1', tmp_path, 'two', 2) == run_test_script('CFA1', tmp_path, 'one')
