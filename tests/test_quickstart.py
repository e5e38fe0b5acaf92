"""The quick start at a tiny scale: its report, its pictures, what it reuses."""

import json
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmcabl.apis.model_choice import DEFAULT
from mmcabl.checkpoints import load_exactly
from mmcabl.cli.quickstart import CONFIG, MAPS
from mmcabl.lab.quickstart import quickstart_report as reporting
from mmcabl.lab.quickstart.quickstart_stages import Plan, starting_weights
from mmcabl.registry import MODELS
from mmcabl.zoo import find_card
from tests import warm

SCRIPT = Path(__file__).parents[1] / 'tools/quickstart.py'


def metrics(**changes):
    return {'i_auc': 0.9, 'i_acc': 0.8, 'p_auc': 0.7, 'p_iou': 0.4, 'p_f1_null': 0.5, 'p_f1_point': 0.1,
            'p_f1_box': 0.6, 'p_f1_box_point': 0.55, 'p_f1_all_ones': 0.3, 'p_f1_random': 0.2, 'p_f1_centre': 0.28,
            'p_mcc': 0.33, 'p_iou_authentic': 0.8, 'p_miou': 0.6, 'p_ap': 0.44, 'p_f1_rank': 1., 'p_mcc_rank': 2.,
            'p_auc_rank': 1.5, **changes}


def summary(**changes):
    maps = {'united': metrics(p_f1_null=0.35), 'full_eq2': metrics(p_f1_null=0.25),
            'before': metrics(i_auc=0.55, p_f1_null=0.15)}
    return reporting.summary(metrics(**changes), maps, dict(train=10.04, total=12.0),
                             dict(train=4, test=2, test_manipulated=1), 3, 'box')


def test_report_has_its_keys():
    found = summary()
    assert found['p_f1'] == dict(null=0.5, point=0.1, box=0.6, box_point=0.55, all_ones=0.3, random=0.2, centre=0.28)
    assert found['i_auc'] == 0.9 and found['seed'] == 3 and found['seconds'] == dict(train=10.0, total=12.0)
    assert [found['maps'][k]['p_f1_null'] for k in ('united', 'full_eq2', 'before')] == [0.35, 0.25, 0.15]
    text = reporting.as_markdown(found)
    assert '| Box: the final mask | 0.600 |' in text and '| Box+Point | 0.550 |' in text
    assert '| baseline: all ones | 0.300 |' in text and '| baseline: the middle of the image | 0.280 |' in text
    assert 'before this training 0.550)' in text and '| Null of the united map, without Eq. (2) | 0.350 |' in text
    del found['maps']['before']
    alone = reporting.as_markdown(found)
    assert 'from nothing' in alone and 'before this training' not in alone and 'from weights' in text
    assert 'MCC 0.330' in text and 'of 4: 1 by P-F1,\n2 by MCC, 1.5 by pixel AUC' in text


def test_the_verdict_is_what_the_numbers_say():
    assert '(Box) gains 0.100' in reporting.verdict(summary())
    worse = reporting.verdict(summary(p_f1_box=0.45))
    assert 'loses 0.050' in worse and 'Worse than the coarse mask: Point, Box.' in worse
    assert 'Worse' not in reporting.verdict(summary(p_f1_point=0.5))


def test_runs_reports_and_reuses(tmp_path):
    pytest.importorskip('skimage')
    out = tmp_path / 'quick'
    command = [sys.executable, str(SCRIPT), '--out', str(out), '--train-images', '8', '--test-images', '4',
               '--cfg-options', 'train_cfg.max_epochs=1', 'model.scales=[64]']
    first = warm.run(command, timeout=600)
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-2000:]
    found = json.loads((out / 'report.json').read_text())
    assert set(found['p_f1']) == {'null', 'point', 'box', 'box_point', 'all_ones', 'random', 'centre'}
    judged = json.loads((out / 'check/report/report.json').read_text())['photographs']
    assert len(judged) == 12 and all(0 < one['score'] < 1 for one in judged)
    assert {'data', 'check', 'train', 'test', 'total'} <= set(found['seconds'])
    assert {'united', 'full_eq2', 'before'} == set(found['maps'])
    assert found['images'] == dict(train=8, test=4, test_manipulated=2)
    assert len(list((out / 'overlays').glob('*.png'))) == 2
    assert str(out / 'report.md') in first.stdout
    checkpoint = out / 'train' / 'epoch_1.pth'
    made = checkpoint.stat().st_mtime_ns
    again = warm.run(command, timeout=600)
    assert again.returncode == 0 and 'training has finished' in again.stdout
    assert checkpoint.stat().st_mtime_ns == made
    second = json.loads((out / 'report.json').read_text())
    assert {k: v for k, v in second.items() if k != 'seconds'} == {k: v for k, v in found.items() if k != 'seconds'}


def test_the_training_starts_from_the_shipped_weights():

    option = dict(each.split('=', 1) for each in starting_weights(Plan(Path('out'), CONFIG)))
    old = CONFIG.with_name('cabl_conformer-mini_b8-8e_synthetic-160.py')
    assert old.is_file() and starting_weights(Plan(Path('out'), old)) == [], 'that one starts from nothing'
    cfg = Config.fromfile(str(CONFIG))
    cfg.merge_from_dict(option)
    init_default_scope('mmpretrain')
    model, same = MODELS.build(cfg.model), MODELS.build(cfg.model)
    model.init_weights()
    load_exactly(same, find_card(DEFAULT).checked_weights())
    for name, value in same.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]), name
    assert 'model.attention=auto' in MAPS['full_eq2'], 'that config has it off'
    assert len(model.backbone.cabl) == 4, 'CABL has no weights: the file fits a network with it'
