"""The quick start at a tiny scale: its report, its pictures, what it reuses."""

import json
import sys
from pathlib import Path

import pytest

from mmcabl.lab.quickstart import quickstart_report as reporting
from tests import warm

SCRIPT = Path(__file__).parents[1] / 'tools/quickstart.py'


def metrics(**changes):
    return {'i_auc': 0.9, 'i_acc': 0.8, 'p_auc': 0.7, 'p_iou': 0.4, 'p_f1_null': 0.5, 'p_f1_point': 0.1,
            'p_f1_box': 0.6, 'p_f1_box_point': 0.55, 'p_f1_all_ones': 0.3, 'p_f1_random': 0.2, 'p_f1_centre': 0.28,
            'p_mcc': 0.33, 'p_iou_authentic': 0.8, 'p_miou': 0.6, 'p_ap': 0.44, 'p_f1_rank': 1., 'p_mcc_rank': 2.,
            'p_auc_rank': 1.5, **changes}


def summary(**changes):
    return reporting.summary(metrics(**changes), metrics(p_f1_null=0.25), dict(train=10.04, total=12.0),
                             dict(train=4, test=2, test_manipulated=1), 3, 'box')


def test_report_has_its_keys():
    found = summary()
    assert found['p_f1'] == dict(null=0.5, point=0.1, box=0.6, box_point=0.55, all_ones=0.3, random=0.2, centre=0.28)
    assert found['i_auc'] == 0.9 and found['seed'] == 3 and found['seconds'] == dict(train=10.0, total=12.0)
    assert found['full_eq2']['p_f1_null'] == 0.25
    text = reporting.as_markdown(found)
    assert '| Box: the final mask | 0.600 |' in text and '| Box+Point | 0.550 |' in text
    assert '| baseline: all ones | 0.300 |' in text and '| baseline: the middle of the image | 0.280 |' in text
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
